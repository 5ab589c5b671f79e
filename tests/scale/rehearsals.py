"""Rehearsals for tests: a small LoRA config, its plan, and a real recording of it kept in files.

``python -m tests.scale.rehearsals`` records anew.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inspect_tool.runs.config import Config
from inspect_tool.runs.device import Device
from inspect_tool.runs.journal import make_folder
from inspect_tool.scale.fleet import Fleet, Strategy
from inspect_tool.scale.rehearsal.plan import RehearsalOptions, RehearsalPlan, plan_rehearsal
from inspect_tool.scale.rehearsal.recorded import Recorded, Tolerance
from inspect_tool.scale.rehearsal.rehearse import Rehearsal, rehearse, write_inputs
from inspect_tool.scale.rehearsal.run import Following, Outcome, run_part
from tests.axolotl_runs import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from inspect_tool.scale.rehearsal.facts import Rank

RECORDING = Path(__file__).parent / "recording"

LORA = """
base_model: fixtures/built/chatml-bpe
datasets:
  - path: fixtures/data/alpaca.jsonl
    type: alpaca
sequence_len: 512
adapter: lora
lora_r: 8
lora_alpha: 16
lora_dropout: 0.1
lora_target_linear: true
micro_batch_size: 1
gradient_accumulation_steps: 4
num_epochs: 3
learning_rate: 0.001
lr_scheduler: cosine
optimizer: adamw_torch
bf16: auto
seed: 7
"""
"""Rows of 7 to 40 trained tokens, so that another weighting of tokens shows."""


def planned(
    folder: Path,
    text: str = LORA,
    *,
    processes: int = 2,
    nodes: int = 1,
    strategy: Strategy = Strategy.DDP,
    options: RehearsalOptions | None = None,
    device: Device | None = None,
    gpus: int = 0,
) -> RehearsalPlan:
    """Plan the rehearsal of a config, on this machine's CPU unless a device is given."""
    return plan_rehearsal(
        Config.read(written(folder, text)),
        Fleet(processes, nodes, strategy),
        cwd=folder,
        folder=folder / ".inspect" / "runs" / "config-rehearsal-1",
        options=options or RehearsalOptions(processes=processes),
        device=device or Device(),
        gpus=gpus,
    )


def written(folder: Path, text: str = LORA) -> Path:
    """Write a config into ``folder``, its paths leading to the fixtures from anywhere."""
    file = folder / "config.yml"
    file.write_text(text.replace(" fixtures/", f" {ROOT}/fixtures/"), "utf-8")
    return file


def rehearsed(folder: Path) -> Rehearsal:
    """Rehearse the LoRA config for real, on two processes."""
    return rehearse(planned(folder))


def run_many(
    plan: RehearsalPlan,
    weights: Path,
    change: Callable[[Mapping[str, Any]], Mapping[str, Any]] = dict,
    following: Following | None = None,
) -> Outcome:
    """Run the half on many processes alone, its config changed by a test's mistake.

    ``weights`` are those that a run on one process has kept.
    """
    write_inputs(plan, make_folder(plan.folder))
    many = plan.many
    env = {**many.command.launch.env, "PYTHONPATH": str(ROOT)}
    command = replace(many.command, launch=replace(many.command.launch, env=env))
    values = change({**many.values, "base_model": str(weights)})
    return run_part(replace(many, values=values, command=command), following)


def held_against(plan: RehearsalPlan, one: Rank, many: tuple[Rank, ...]) -> Recorded:
    """Hold ranks against a run on one process that was made on this machine."""
    assert one.training is not None
    tolerance = Tolerance.of(
        plan.many.values, strategy=plan.fleet.strategy, largest=one.training.largest
    )
    return Recorded(one, many, plan.fleet, tolerance)


def record() -> None:
    """Replace the recording by a new one."""
    with tempfile.TemporaryDirectory() as scratch:
        found = rehearsed(Path(scratch))
        assert found.agree, found.findings
        for which in ("one", "many"):
            (RECORDING / which).mkdir(parents=True, exist_ok=True)
            for file in (found.folder / which).glob("rank-*.jsonl"):
                shutil.copy(file, RECORDING / which)


if __name__ == "__main__":
    os.environ.setdefault("AXOLOTL_DO_NOT_TRACK", "1")
    record()
