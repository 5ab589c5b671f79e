"""What a rehearsal would run: two configs that differ in what must differ, and in no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from inspect_tool.errors import InspectError
from inspect_tool.runs.device import Device
from inspect_tool.scale.fleet import RIG, Strategy
from inspect_tool.scale.rehearsal.facts import WITNESS
from inspect_tool.scale.rehearsal.plan import RehearsalOptions
from tests.scale.rehearsals import LORA, planned

if TYPE_CHECKING:
    from pathlib import Path

GPU = Device("cuda", "H100", "0", (9, 0))
DEEPSPEED = Device(packages=frozenset({"deepspeed"}))


def test_the_two_configs_differ_in_what_must_differ(tmp_path: Path) -> None:
    """Accumulation times processes is the same; folders and where weights come from differ."""
    plan = planned(tmp_path)
    one, many = dict(plan.one.values), dict(plan.many.values)
    differing = {key for key in one.keys() | many.keys() if one.get(key) != many.get(key)}

    assert differing == {
        "base_model",
        "ddp_timeout",
        "gradient_accumulation_steps",
        "output_dir",
        "reinit_weights",
    }
    assert (one["gradient_accumulation_steps"], many["gradient_accumulation_steps"]) == (4, 2)


def test_what_is_random_is_gone(tmp_path: Path) -> None:
    """Dropout would be drawn anew on each process, and so would noise."""
    text = LORA + "neftune_noise_alpha: 5\ngroup_by_length: true\n"
    values = planned(tmp_path, text).many.values

    assert "neftune_noise_alpha" not in values
    assert (values["lora_dropout"], values["group_by_length"]) == (0.0, False)


def test_packing_stays(tmp_path: Path) -> None:
    """Packs are small and filled in the order of the rows, so that both runs fill the same ones."""
    text = LORA + "sample_packing: true\nsample_packing_sequentially: true\n"
    values = planned(tmp_path, text).many.values

    packing = {key: value for key, value in values.items() if key.startswith("sample_packing")}
    assert packing == {
        "sample_packing": True,
        "sample_packing_sequentially": False,
        "sample_packing_bin_size": 2,
    }
    assert values["curriculum_sampling"] is True


def test_packing_elsewhere_goes(tmp_path: Path) -> None:
    """What packs without the trainer's sampler, as streamed text, is rehearsed row by row."""
    text = LORA.replace("datasets:", "pretraining_dataset:") + "sample_packing: true\n"

    assert planned(tmp_path, text).many.values["sample_packing"] is False


@pytest.mark.parametrize(
    ("written", "processes", "rows"),
    [("", 2, 64), ("", 16, 192), ("sample_packing: true\n", 16, 384)],
)
def test_rows_for_every_step(tmp_path: Path, written: str, processes: int, rows: int) -> None:
    """Many processes take more rows in three steps than few."""
    plan = planned(tmp_path, LORA + written, processes=processes)

    assert [part.rows for part in plan.base.cuts] == [rows]


def test_every_change_has_a_reason(tmp_path: Path) -> None:
    """The plan says of each changed key why."""
    changes = {item.key: item.reason for item in planned(tmp_path).overrides}

    assert "no two runs would agree" in changes["lora_dropout"]
    assert all(changes.values())


def test_the_launch_reads_our_accelerate_config(tmp_path: Path) -> None:
    """Both are accelerate's own launch, with the run folder's file and not the home directory's."""
    plan = planned(tmp_path)
    for part, processes, kind in ((plan.one, 1, "NO"), (plan.many, 2, "MULTI_GPU")):
        argv = part.command.launch.argv
        file = part.folder / "accelerate.yml"
        values = yaml.safe_load(part.command.files[file])

        assert argv[1:] == (
            "launch",
            "--config_file",
            str(file),
            "-m",
            "axolotl.cli.train",
            str(part.config),
        )
        assert (values["num_processes"], values["distributed_type"]) == (processes, kind)


def test_what_launchers_left_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables that accelerate would read before the config are not handed on."""
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    monkeypatch.setenv("FSDP_OFFLOAD_PARAMS", "true")
    environment = planned(tmp_path).many.command.launch.environment()

    assert not [name for name in environment if name.startswith(("ACCELERATE_", "FSDP_"))]


def test_the_witness_comes_first(tmp_path: Path) -> None:
    """No plugin stands between it and the model; without GPUs the rig is there too."""
    plugins = planned(tmp_path, LORA + "plugins: [my.Plugin]\n").many.values["plugins"]

    assert plugins[:3] == [RIG, WITNESS, "my.Plugin"]


def test_gpus_need_no_rig(tmp_path: Path) -> None:
    """With as many GPUs as processes they are used, all of them visible."""
    plan = planned(tmp_path, device=GPU, gpus=2)

    assert RIG not in plan.many.values["plugins"]
    assert "CUDA_VISIBLE_DEVICES" not in plan.many.command.launch.env
    assert plan.device is GPU


def test_too_few_gpus_are_not_used(tmp_path: Path) -> None:
    """Two ranks cannot share a GPU under NCCL: with one GPU all run on the CPU."""
    plan = planned(tmp_path, device=GPU, gpus=1)

    assert plan.many.values["plugins"][0] == RIG
    assert plan.many.command.launch.env["CUDA_VISIBLE_DEVICES"] == ""


def test_fewer_processes_are_said(tmp_path: Path) -> None:
    """What this machine cannot run is rehearsed smaller, and a remark says so."""
    plan = planned(tmp_path, processes=4096, options=RehearsalOptions())
    (note,) = plan.notes

    assert 2 <= plan.fleet.processes < 4096
    assert (note.code, note.severity) == ("R-FEWER", "info")


def test_how_rows_are_dealt_out_is_yours(tmp_path: Path) -> None:
    """accelerator_config stays in both runs: a mistake in it is there to be found."""
    text = LORA + "accelerator_config: {use_seedable_sampler: false}\n"
    plan = planned(tmp_path, text)

    assert plan.one.values["accelerator_config"] == {"use_seedable_sampler": False}
    assert plan.many.values["accelerator_config"] == {"use_seedable_sampler": False}


def test_fsdp_stays_as_written(tmp_path: Path) -> None:
    """The run on many has your keys, the one on one process none; offloading needs a GPU."""
    text = LORA + (
        "fsdp_version: 2\nfsdp_config: {reshard_after_forward: false, offload_params: true, "
        "state_dict_type: FULL_STATE_DICT}\n"
    )
    plan = planned(tmp_path, text, strategy=Strategy.FSDP)

    assert plan.many.values["fsdp_config"] == {
        "reshard_after_forward": False,
        "offload_params": False,
        "state_dict_type": "FULL_STATE_DICT",
    }
    assert "fsdp_config" not in plan.one.values


def test_fsdp_1_is_rehearsed_as_2(tmp_path: Path) -> None:
    """Version 1 does not run on a CPU; the change has its reason."""
    text = LORA + "fsdp: [full_shard]\nfsdp_config: {fsdp_sharding_strategy: FULL_SHARD}\n"
    plan = planned(tmp_path, text, strategy=Strategy.FSDP)
    changes = {item.key: item.reason for item in plan.overrides}

    assert plan.many.values["fsdp_version"] == 2
    assert "fsdp" not in plan.many.values
    assert changes["fsdp_config"] == "keys of version 2"


def test_zero_is_in_the_tiny_model_s_precision(tmp_path: Path) -> None:
    """Your ZeRO block stays without offloading; bf16 is said to be off, as the model is float32."""
    deepspeed: dict[str, Any] = {
        "zero_optimization": {
            "stage": 3,
            "offload_optimizer": {"device": "cpu"},
            "stage3_max_live_parameters": 1000,
        },
        "bf16": {"enabled": True},
    }
    text = LORA + yaml.safe_dump({"deepspeed": deepspeed})
    plan = planned(tmp_path, text, strategy=Strategy.ZERO3, device=DEEPSPEED)
    content = plan.many.values["deepspeed"]

    assert content["zero_optimization"]["stage3_max_live_parameters"] == 1000
    assert "offload_optimizer" not in content["zero_optimization"]
    assert content["bf16"] == {"enabled": False}


def test_deepspeed_that_is_not_installed(tmp_path: Path) -> None:
    """ZeRO without DeepSpeed is refused with the command that installs it."""
    with pytest.raises(InspectError, match="pip install 'deepspeed"):
        planned(tmp_path, strategy=Strategy.ZERO2)


def test_one_process_is_the_reference(tmp_path: Path) -> None:
    """One process is compared with nothing."""
    with pytest.raises(InspectError, match="--processes 2"):
        planned(tmp_path, processes=1)


def test_training_that_samples(tmp_path: Path) -> None:
    """GRPO draws its own answers: no two runs agree, which is said before one is started."""
    with pytest.raises(InspectError, match="grpo trains on answers that it samples"):
        planned(tmp_path, LORA + "rl: grpo\n")


def test_what_is_not_rehearsed_is_said(tmp_path: Path) -> None:
    """A tiny model is not split by tensors, whatever the config says."""
    (note,) = planned(tmp_path, LORA + "tensor_parallel_size: 2\n").notes

    assert (note.code, note.key) == ("R-LEFT-OUT", "tensor_parallel_size")


def test_several_machines_are_not_rehearsed(tmp_path: Path) -> None:
    """All processes run here, however many machines were asked for, and that is said."""
    notes = planned(tmp_path, processes=4, nodes=2).notes

    assert [note.code for note in notes] == ["R-LEFT-OUT"]
    assert "2 machines are not rehearsed" in notes[0].message


def test_nothing_is_written(tmp_path: Path) -> None:
    """A plan is a value: beside the config there is nothing."""
    plan = planned(tmp_path)
    plan.to_json()

    assert [path.name for path in tmp_path.iterdir()] == ["config.yml"]
