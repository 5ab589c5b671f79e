"""Whatever a YAML holds, planning its debug run ends in a plan or in one clear error."""

from __future__ import annotations

import json
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from inspect_tool.errors import InspectError
from inspect_tool.runs.config import Config
from inspect_tool.runs.debug import plan_debug
from inspect_tool.runs.overrides.device import LEGACY_ATTENTION, QUANTIZATION
from inspect_tool.runs.tiny.model import shrink
from inspect_tool.runs.translate import REMOVED, RENAMED

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 70_000) | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5) | st.integers(0, 3), inner, max_size=3)
    ),
    max_leaves=6,
)
KEYS = [
    *(*LEGACY_ATTENTION, *QUANTIZATION, *RENAMED, *REMOVED),
    *("adapter", "plugins", "micro_batch_size", "warmup_steps", "rl", "trl", "seed", "optimizer"),
    *("chat_template", "tokens", "special_tokens", "rope_scaling", "bf16", "vllm", "val_set_size"),
    *("sample_packing", "eval_batch_size", "gradient_checkpointing", "attn_implementation"),
    *("test_datasets", "pretraining_dataset", "overrides_of_model_config", "tokenizer_config"),
    *("base_model_config", "revision_of_model", "processor_type", "streaming"),
]
ENTRIES = st.fixed_dictionaries(
    {"path": VALUES | st.sampled_from(["a.jsonl", "some/data", ".", "s3://b/c"])},
    optional={
        key: VALUES | st.sampled_from(["sharegpt", "sharegpt.x:chat", "train[:3]"])
        for key in ("type", "split", "conversation", "data_files", "ds_type", "field_human")
    },
)
CONFIGS = st.fixed_dictionaries(
    {"base_model": st.just("m"), "datasets": st.lists(ENTRIES, min_size=1, max_size=2)},
    optional=dict.fromkeys(KEYS, VALUES),
)
SIZES = ("hidden_size", "num_hidden_layers", "num_attention_heads", "layer_types", "rope_scaling")


@settings(deadline=None, max_examples=150)
@given(CONFIGS)
def test_any_config_gives_a_plan(values: dict[str, Any]) -> None:
    """No value of any key ends planning with a traceback, and the plan is JSON and YAML."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        config = Config(folder / "c.yml", values, {})
        with suppress(InspectError):
            planned = plan_debug(config, cwd=folder, folder=folder / "run")
            assert isinstance(json.dumps(planned.to_json()), str)


@settings(deadline=None, max_examples=150)
@given(st.dictionaries(st.sampled_from([*SIZES, "text_config", "head_dim"]), VALUES))
def test_any_config_json_can_be_shrunk(config: dict[str, Any]) -> None:
    """A config.json of odd values is shrunk as far as it goes, or refused."""
    with suppress(InspectError):
        assert shrink({"model_type": "llama", **config})["dtype"] == "float32"
