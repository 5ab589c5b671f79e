"""Whatever a YAML holds, planning it for many processes ends in a plan or in one clear error."""

from __future__ import annotations

import json
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from inspect_tool.errors import InspectError
from inspect_tool.report.look import Look
from inspect_tool.report.scale_text import scale_text
from inspect_tool.runs.config import Config
from inspect_tool.scale.fleet import Strategy
from inspect_tool.scale.plan import ScaleOptions, plan_scale
from tests.runs.debug.test_any_config import VALUES
from tests.scale.cases import AROUND, FSDP, SOUND, ZERO3

CHANGEABLE = [key for key in SOUND if key not in ("base_model", "datasets")]
"""Reading a config refuses other odd values of those two."""
KEYS = (
    *(
        *CHANGEABLE,
        *FSDP,
        *ZERO3,
        "fsdp",
        "ddp",
        "ddp_timeout",
        "batch_size",
        "max_steps",
        "plugins",
    ),
    *("sample_packing", "sample_packing_eff_est", "eval_sample_packing", "val_set_size", "rl"),
    *("eval_steps", "evals_per_epoch", "save_steps", "saves_per_epoch", "save_strategy"),
    *(
        "warmup_steps",
        "warmup_ratio",
        "dataloader_drop_last",
        "accelerator_config",
    ),
    *("tensor_parallel_size", "context_parallel_size", "dp_shard_size", "dp_replicate_size"),
    *("bnb_config_kwargs", "load_in_4bit", "load_in_8bit", "adapter", "save_total_limit"),
    *("save_only_model", "output_dir", "multipack_real_batches", "attn_implementation"),
)
CHANGES = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=8)
FLEETS = st.builds(
    ScaleOptions,
    processes=st.integers(1, 70),
    nodes=st.integers(1, 3),
    strategy=st.none() | st.sampled_from(Strategy),
    reference=st.integers(1, 9),
)


@settings(deadline=None, max_examples=60)
@given(CHANGES, FLEETS)
def test_any_yaml_gives_a_plan(changes: dict[str, Any], options: ScaleOptions) -> None:
    """No value of any key ends planning with a traceback; the plan is JSON and text."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        config = Config(folder / "c.yml", {**SOUND, **changes}, {})
        with suppress(InspectError):
            plan = plan_scale(config, options, cwd=folder, surroundings=AROUND)
            assert isinstance(json.dumps(plan.to_json()), str)
            assert scale_text(plan, Look(width=60)).endswith("\n")
