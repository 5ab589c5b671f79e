"""The real run of a config on many processes: what is started, and that it is the person's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from fixtures.build import build_models, build_tokenizers
from inspect_tool.errors import InspectError
from inspect_tool.runs.config import Config
from inspect_tool.runs.debug import RECORDER
from inspect_tool.runs.journal import State, read_metrics, read_status
from inspect_tool.scale.fleet import RIG, Fleet, Strategy
from inspect_tool.scale.ranks.pace import PLUGIN, read_paces
from inspect_tool.scale.real_fleet import Meeting, real_fleet, refuse_without_gpus
from tests.axolotl_runs import ROOT
from tests.scale.fleets import Background

if TYPE_CHECKING:
    from pathlib import Path

    from inspect_tool.scale.ranks.run import FleetRun

VALUES: dict[str, Any] = {
    "base_model": f"{ROOT}/fixtures/built/chatml-bpe",
    "chat_template": "chatml",
    "datasets": [{"path": f"{ROOT}/fixtures/data/chat.jsonl", "type": "chat_template"}],
    "dataset_prepared_path": "prepared",
    "output_dir": "out",
    "sequence_len": 512,
    "micro_batch_size": 2,
    "gradient_accumulation_steps": 1,
    "max_steps": 2,
    "learning_rate": 0.001,
    "optimizer": "adamw_torch",
    "bf16": False,
    "fp16": False,
    "attn_implementation": "sdpa",
    "plugins": [RIG],
}


def real(folder: Path, fleet: Fleet, **changes: Any) -> FleetRun:
    """Return the real run of a config in ``folder``."""
    config = folder / "mine.yml"
    config.write_text(yaml.safe_dump({**VALUES, **changes}), "utf-8")
    run = folder / ".inspect" / "runs" / "mine-1"
    meeting = Meeting(address="10.0.0.1") if fleet.nodes > 1 else None
    return real_fleet(Config.read(config), fleet, cwd=folder, folder=run, meeting=meeting)


def test_the_config_is_the_persons_own(tmp_path: Path) -> None:
    """Two plugins are added behind the person's; nothing else is another."""
    derived = yaml.safe_load(real(tmp_path, Fleet(2)).config_yaml)

    assert derived == {**VALUES, "plugins": [RIG, RECORDER, PLUGIN]}


def test_another_strategy_is_written_into_the_copy(tmp_path: Path) -> None:
    """--strategy changes what axolotl is told, in the copy that it reads."""
    derived = yaml.safe_load(real(tmp_path, Fleet(2, strategy=Strategy.FSDP)).config_yaml)

    assert derived["fsdp_version"] == 2
    assert "fsdp_config" not in yaml.safe_load((tmp_path / "mine.yml").read_text("utf-8"))


def test_what_launchers_left_is_not_handed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A left-over variable would turn an engine on behind the YAML's back."""
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    monkeypatch.setenv("FSDP_VERSION", "1")

    env = real(tmp_path, Fleet(2)).launch.environment()

    assert not {"ACCELERATE_USE_FSDP", "FSDP_VERSION"} & env.keys()


@pytest.mark.parametrize("meeting", [Meeting(node=2, address="a"), Meeting(node=1)])
def test_a_machine_without_a_place_is_refused(tmp_path: Path, meeting: Meeting) -> None:
    """A machine's number is below the number of machines, and they need to meet somewhere."""
    config = Config.read(_written(tmp_path))

    with pytest.raises(InspectError):
        real_fleet(config, Fleet(4, 2), cwd=tmp_path, folder=tmp_path / "run", meeting=meeting)


def _written(folder: Path) -> Path:
    file = folder / "mine.yml"
    file.write_text(yaml.safe_dump(VALUES), "utf-8")
    return file


@pytest.mark.parametrize("gpus", [0, 1])
def test_too_few_gpus_are_refused(gpus: int) -> None:
    """Accelerate would start copies that never talk to each other."""
    with pytest.raises(InspectError, match="its part of the run is 2 processes"):
        refuse_without_gpus(Fleet(4, 2), gpus)


def test_enough_gpus_are_not_refused() -> None:
    """Only this machine's part of the fleet counts."""
    refuse_without_gpus(Fleet(4, 2), 2)


@pytest.mark.slow
def test_it_trains_into_the_persons_own_output(tmp_path: Path) -> None:
    """Two ranks train (over gloo, by a plugin of this config), and the record is in the run."""
    build_tokenizers()
    build_models()
    run = real(tmp_path, Fleet(2))
    with Background(run) as fleet:
        fleet.join()

    assert fleet.problem is None, fleet.output
    status = read_status(run.folder)
    assert status is not None
    assert status.state is State.FINISHED
    assert [item["step"] for item in read_metrics(run.folder) if "loss" in item] == [1, 2]
    assert [pace.steps for pace in read_paces(run.folder, 2)] == [2, 2]
    assert (tmp_path / "out" / "model.safetensors").exists()
