"""The derived config: every change has a reason, and what is unsafe is gone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from inspect_tool.errors import InspectError
from inspect_tool.runs.config import Config
from inspect_tool.runs.debug import DebugOptions, plan_debug
from inspect_tool.runs.device import Device
from tests.axolotl_runs import RECIPES, ROOT
from tests.runs.debug.plans import DEEPSPEED_2024, QLORA_2024, derived, plan, reason
from tests.schemas import schema

if TYPE_CHECKING:
    from pathlib import Path

PLAIN = "base_model: org/m\ndatasets: [{path: rows.jsonl, type: alpaca}]\n"
AMPERE = Device("cuda", "A GPU", "3", (8, 0), frozenset({"bitsandbytes"}))

UNSAFE = (
    "hub_model_id",
    "push_dataset_to_hub",
    "wandb_project",
    "mlflow_experiment_name",
    "use_tensorboard",
    "deepspeed",
    "fsdp_config",
    "resume_from_checkpoint",
    "auto_resume_from_checkpoints",
    "lora_model_dir",
    "saves_per_epoch",
    "evals_per_epoch",
    "dataloader_prefetch_factor",
)


@pytest.mark.parametrize("text", [QLORA_2024, DEEPSPEED_2024], ids=["qlora", "deepspeed"])
def test_nothing_unsafe_is_left(tmp_path: Path, text: str) -> None:
    """Keys that push, log elsewhere, resume or start more processes are not in what is run."""
    more = "".join(f"{key}: x\n" for key in UNSAFE if f"\n{key}:" not in text)

    assert not set(UNSAFE) & set(derived(plan(tmp_path, text + more)))


@pytest.mark.parametrize("recipe", sorted(RECIPES.glob("*.yml")), ids=lambda path: path.stem)
def test_every_recipe_has_a_plan(recipe: Path, tmp_path: Path) -> None:
    """Each recipe gives a plan without problems that fits the documented schema."""
    planned = plan_debug(Config.read(recipe), cwd=ROOT, folder=tmp_path / "run")

    Draft202012Validator(schema("debug")).validate(planned.to_json())
    assert planned.errors == ()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("dataset_num_proc", 0),
        ("dataloader_num_workers", 0),
        ("dataloader_pin_memory", False),
        ("adapter", "lora"),
        ("load_in_4bit", False),
        ("attn_implementation", "sdpa"),
        ("bf16", False),
        ("fp16", False),
        ("optimizer", "adamw_torch"),
        ("lora_qkv_kernel", False),
        ("gradient_checkpointing", False),
        ("max_steps", 4),
        ("micro_batch_size", 2),
        ("gradient_accumulation_steps", 1),
        ("warmup_steps", 0),
        ("val_set_size", 0.0),
        ("save_strategy", "no"),
        ("seed", 42),
        ("sequence_len", 896),
        ("lora_r", 32),
    ],
)
def test_a_config_of_2024_on_a_cpu(tmp_path: Path, key: str, value: object) -> None:
    """What a CPU cannot do is changed, and what is the config's own stays."""
    assert derived(plan(tmp_path, QLORA_2024))[key] == value


def test_every_change_has_a_reason_and_the_old_value(tmp_path: Path) -> None:
    """An override says what was written, what is now, and why."""
    planned = plan(tmp_path, QLORA_2024)

    batch = next(item for item in planned.overrides if item.key == "micro_batch_size")
    assert (batch.old, batch.new) == (16, 2)
    assert all(item.reason for item in (*planned.overrides, *planned.translated))


def test_the_overrides_are_the_whole_difference(tmp_path: Path) -> None:
    """Every key in which the derived config differs from the written one is among the changes."""
    planned = plan(tmp_path, QLORA_2024)
    written = Config.read(planned.config).values
    told = {item.key.split(".")[0] for item in (*planned.overrides, *planned.translated)}
    now = derived(planned)

    differing = {k for k in {*written, *now} if written.get(k) != now.get(k)}
    assert differing - told == set()


def test_a_key_that_is_kept_stays(tmp_path: Path) -> None:
    """--keep leaves a key as the config has it."""
    options = DebugOptions(keep=("micro_batch_size",))

    assert derived(plan(tmp_path, QLORA_2024, options=options))["micro_batch_size"] == 16


def test_keeping_a_key_that_nothing_changes_is_a_mistake(tmp_path: Path) -> None:
    """A misspelt --keep is refused, with the key that was likely meant."""
    with pytest.raises(InspectError, match="did you mean micro_batch_size"):
        plan(tmp_path, QLORA_2024, options=DebugOptions(keep=("micro_batchsize",)))


def test_keeping_the_hub_is_told(tmp_path: Path) -> None:
    """What then leaves the run's folder is a warning."""
    planned = plan(tmp_path, QLORA_2024, options=DebugOptions(keep=("hub_model_id",)))

    assert [item.key for item in planned.problems if item.code == "P-DEBUG-KEPT"] == [
        "hub_model_id"
    ]


def test_a_key_that_is_set_is_the_persons(tmp_path: Path) -> None:
    """--set beats what the plan would do, and says whose it is."""
    planned = plan(tmp_path, QLORA_2024, options=DebugOptions(given={"max_steps": 9}))

    assert derived(planned)["max_steps"] == 9
    assert reason(planned, "max_steps") == "set on the command line"


def test_data_that_is_set_is_sliced(tmp_path: Path) -> None:
    """A data file named by --set is cut like one of the config."""
    (tmp_path / "mine.jsonl").write_text("{}\n")
    options = DebugOptions(given={"datasets.0.path": "mine.jsonl"})

    planned = plan(tmp_path, PLAIN, options=options)
    assert [part.source for part in planned.cuts] == [tmp_path / "mine.jsonl"]


def test_a_gpu_keeps_what_it_can_do(tmp_path: Path) -> None:
    """With --full-model on a GPU of today precision, quantization and optimizer stay."""
    from inspect_tool.runs.tiny.source import ModelChoice

    options = DebugOptions(model=ModelChoice(full=True))
    now = derived(plan(tmp_path, QLORA_2024, options=options, device=AMPERE))

    kept = {key: now.get(key) for key in ("adapter", "load_in_4bit", "bf16", "optimizer")}
    assert kept == {
        "adapter": "qlora",
        "load_in_4bit": True,
        "bf16": True,
        "optimizer": "adamw_bnb_8bit",
    }


def test_attention_that_is_not_installed(tmp_path: Path) -> None:
    """A GPU without flash-attn gets the attention that torch has."""
    now = derived(plan(tmp_path, QLORA_2024, device=AMPERE))

    assert (now["attn_implementation"], "flash_attention" in now) == ("sdpa", False)


def test_one_gpu_is_visible(tmp_path: Path) -> None:
    """The run sees the first visible GPU alone, a CPU run none."""
    on_gpu = plan(tmp_path, PLAIN, device=AMPERE).launch.env["CUDA_VISIBLE_DEVICES"]

    assert (on_gpu, plan(tmp_path, PLAIN).launch.env["CUDA_VISIBLE_DEVICES"]) == ("3", "")


def test_evaluation_when_asked_for(tmp_path: Path) -> None:
    """--evaluate holds rows of the slice out and evaluates once."""
    now = derived(plan(tmp_path, QLORA_2024, options=DebugOptions(evaluate=True)))

    assert (now["val_set_size"], now["eval_strategy"], now["eval_steps"]) == (0.25, "steps", 2)


def test_the_launch_listens_on_loopback_alone(tmp_path: Path) -> None:
    """The debugger's address is 127.0.0.1, and it waits before the first line runs."""
    argv = " ".join(plan(tmp_path, PLAIN, options=DebugOptions(port=6000)).launch.argv)

    assert "--listen 127.0.0.1:6000 --wait-for-client -m axolotl.cli.train" in argv


def test_without_a_debugger(tmp_path: Path) -> None:
    """--no-debugger runs axolotl's module itself."""
    argv = plan(tmp_path, PLAIN, options=DebugOptions(debugger=False)).launch.argv

    assert argv[1:] == ("-m", "axolotl.cli.train", str(tmp_path / "run" / "config.yml"))


def test_variables_of_a_launcher_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What torchrun left in the environment does not make the run one of many."""
    monkeypatch.setenv("WORLD_SIZE", "8")

    assert plan(tmp_path, PLAIN).launch.env["WORLD_SIZE"] is None


def test_nothing_is_written(tmp_path: Path) -> None:
    """A plan is a value: no folder and no file comes of it."""
    plan(tmp_path, QLORA_2024)

    assert [path.name for path in tmp_path.iterdir()] == ["config.yml"]


def test_what_is_missing_is_told_with_the_way_out(tmp_path: Path) -> None:
    """Model, tokenizer and data that are not here are errors, each with what to type."""
    planned = plan(tmp_path, QLORA_2024)

    fixes = {item.code: item.fix for item in planned.errors}
    assert "--like" in fixes["P-MODEL-MISSING"]
    assert "--tokenizer" in fixes["P-TOKENIZER-MISSING"]
    assert "--set datasets.0.path=FILE" in fixes["P-DATA-MISSING"]


def test_generation_is_short(tmp_path: Path) -> None:
    """GRPO samples two short answers, without another process for it."""
    text = f"{PLAIN}rl: grpo\ntrl: {{num_generations: 16, use_vllm: true, beta: 0.1}}\n"

    assert derived(plan(tmp_path, text))["trl"] == {
        "num_generations": 2,
        "use_vllm": False,
        "beta": 0.1,
        "max_completion_length": 16,
    }


def test_plugins_that_hide_or_report_are_left_out(tmp_path: Path) -> None:
    """Fused kernels and trackers go, a plugin of the person's own stays."""
    text = (
        f"{PLAIN}plugins: [axolotl.integrations.liger.LigerPlugin, mine.Plugin]\nliger_rope: true\n"
    )

    now = derived(plan(tmp_path, text))
    assert now["plugins"] == ["mine.Plugin", "inspect_tool.runs.recorder.Recorder"]
    assert "liger_rope" not in now


@pytest.mark.parametrize("more", ["1: 2\n", "a: &x [*x]\n", "a: {? [b] : c}\n", "2024-01-01: x\n"])
def test_what_no_config_holds(tmp_path: Path, more: str) -> None:
    """Odd YAML is refused, naming the file."""
    with pytest.raises(InspectError, match=r"config\.yml"):
        plan(tmp_path, PLAIN + more)


def test_a_plan_is_json(tmp_path: Path) -> None:
    """The machine-readable form survives json and fits the schema."""
    document = json.loads(json.dumps(plan(tmp_path, QLORA_2024).to_json()))

    Draft202012Validator(schema("debug")).validate(document)
