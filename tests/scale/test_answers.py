"""What axolotl, accelerate and transformers say, asked for real; and what is kept of it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from inspect_tool.axolotl_worker import AxolotlWorker
from inspect_tool.runs.config import Config
from inspect_tool.scale.answers import Answers, FsdpFacts, ModelFacts, UnknownKey
from inspect_tool.scale.deepspeed_task import problems
from inspect_tool.scale.fleet import Strategy
from inspect_tool.scale.plan import ScaleOptions, ScalePlan, plan_scale
from inspect_tool.scale.strategy import zero_config
from tests.axolotl_runs import RECIPES, ROOT
from tests.scale.cases import AROUND, FSDP, fsdp
from tests.scale.scale_tasks import axolotl_steps, variables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from inspect_tool.findings import Finding


@pytest.fixture(scope="module")
def worker() -> Iterator[AxolotlWorker]:
    """One worker for every question of this file."""
    with AxolotlWorker() as worker:
        yield worker


def planned(
    folder: Path,
    worker: AxolotlWorker,
    *,
    recipe: Path = RECIPES / "alpaca.yml",
    processes: int = 8,
    gpu: str | None = "h100",
    free: int = 10**15,
    **keys: Any,
) -> ScalePlan:
    """Plan a recipe with other keys; axolotl is asked."""
    values = {**yaml.safe_load(recipe.read_text("utf-8")), **keys}
    file = folder / "changed.yml"
    file.write_text(yaml.safe_dump(values), "utf-8")
    options = ScaleOptions(processes=processes, gpu=gpu)
    around = replace(AROUND, free=free)
    return plan_scale(
        Config.read(file), options, cwd=ROOT, worker=lambda: worker, surroundings=around
    )


def found(plan: ScalePlan, code: str) -> list[Finding]:
    """The findings of one rule."""
    return [finding for finding in plan.preflight.findings if finding.code == code]


def test_answers_survive_the_cache() -> None:
    """What is read back is what was kept."""
    answers = Answers(
        refused="no",
        warnings=("a", "b"),
        unknown_keys=(UnknownKey("x", "y"),),
        model=ModelFacts(("A",), ("A",), 7),
        fsdp=FsdpFacts(problem="p"),
        deepspeed=("d",),
        bins=3,
        unasked={"model": "away"},
    )

    assert Answers.from_json(answers.to_json()) == answers
    assert Answers.from_json(Answers().to_json()) == Answers()


@pytest.mark.slow
def test_axolotl_s_own_rules_look_at_the_fleet(tmp_path: Path, worker: AxolotlWorker) -> None:
    """A rule that only looks at FSDP2 is axolotl's, in its words."""
    plan = planned(tmp_path, worker, **FSDP, optimizer="adamw_8bit")

    assert "adamw_torch_8bit" in found(plan, "P-AXOLOTL")[0].message


@pytest.mark.slow
def test_a_sound_recipe_is_accepted(tmp_path: Path, worker: AxolotlWorker) -> None:
    """FSDP2 on eight GPUs, nothing refused, nothing unknown to axolotl."""
    plan = planned(tmp_path, worker, **FSDP)

    assert plan.answers is not None
    assert (plan.answers.refused, plan.answers.unknown_keys) == ("", ())
    assert plan.answers.fsdp == FsdpFacts(state_dict="FULL_STATE_DICT")


@pytest.mark.slow
def test_the_wrap_class_is_looked_for_in_the_model(tmp_path: Path, worker: AxolotlWorker) -> None:
    """The recipe's model is a Mistral; accelerate itself would not find Llama's layer."""
    plan = planned(tmp_path, worker, **fsdp(transformer_layer_cls_to_wrap="LlamaDecoderLayer"))

    assert found(plan, "P-FSDP-WRAP")[0].fix.startswith("MistralDecoderLayer")
    assert plan.answers is not None
    assert plan.answers.fsdp is not None
    assert "Could not find the transformer layer class" in plan.answers.fsdp.problem


@pytest.mark.slow
def test_the_plugin_is_as_the_trainer_makes_it(tmp_path: Path, worker: AxolotlWorker) -> None:
    """What is left out is transformers' default, what is written is passed on."""
    keys = fsdp(reshard_after_forward=False, auto_wrap_policy=..., state_dict_type=...)
    plan = planned(tmp_path, worker, **keys)

    assert plan.answers is not None
    assert plan.answers.fsdp == FsdpFacts(reshard=False, state_dict="FULL_STATE_DICT")


@pytest.mark.slow
def test_what_accelerate_refuses_is_its_own_word(tmp_path: Path, worker: AxolotlWorker) -> None:
    """FSDP1 takes names for reshard_after_forward, axolotl's schema only yes and no."""
    plan = planned(tmp_path, worker, fsdp_version=1, fsdp_config={"reshard_after_forward": True})

    assert "KeyError" in found(plan, "P-FSDP-REFUSED")[0].message


@pytest.mark.slow
@pytest.mark.skipif(find_spec("deepspeed") is None, reason="deepspeed is not installed")
@pytest.mark.parametrize("strategy", [Strategy.ZERO1, Strategy.ZERO2, Strategy.ZERO3])
def test_deepspeed_takes_what_is_written_for_it(worker: AxolotlWorker, strategy: Strategy) -> None:
    """Its own classes and transformers' accept the config of each stage."""
    values = {"micro_batch_size": 2, "gradient_accumulation_steps": 4, "bf16": True}
    said = worker.call(
        partial(problems, model={"hidden_size": 64}, processes=8),
        values,
        zero_config(values, strategy),
    )

    assert said == ()


@pytest.mark.slow
def test_keys_that_axolotl_drops_are_named(tmp_path: Path, worker: AxolotlWorker) -> None:
    """At the top and inside mappings and lists, with the key that was meant."""
    plan = planned(
        tmp_path,
        worker,
        gradient_acumulation_steps=8,
        data_seed=7,
        **fsdp(sharding_strategy="FULL_SHARD"),
        datasets=[{"path": "fixtures/data/alpaca.jsonl", "type": "alpaca", "sard": 3}],
    )

    assert plan.answers is not None
    assert set(plan.answers.unknown_keys) == {
        UnknownKey("gradient_acumulation_steps", "gradient_accumulation_steps"),
        UnknownKey("data_seed"),
        UnknownKey("fsdp_config.sharding_strategy"),
        UnknownKey("datasets.0.sard", "datasets.0.shards"),
    }


@pytest.mark.slow
def test_a_yaml_of_2024_is_refused_with_the_keys_to_change(
    tmp_path: Path, worker: AxolotlWorker
) -> None:
    """Axolotl refuses sharegpt; translated it is accepted, and the fix names the keys."""
    old = [{"path": "fixtures/data/sharegpt.jsonl", "type": "sharegpt"}]
    plan = planned(tmp_path, worker, datasets=old)
    (finding,) = found(plan, "P-AXOLOTL")

    assert "sharegpt" in finding.message
    assert "datasets.0.type" in finding.fix


@pytest.mark.slow
@pytest.mark.parametrize(("times", "severity"), [(2.0, None), (1.1, "warning"), (0.5, "error")])
def test_memory_is_held_against_the_gpu(
    tmp_path: Path, worker: AxolotlWorker, times: float, severity: str | None
) -> None:
    """It fits a GPU of twice the size, barely one of a tenth more, and not half of it."""
    sized = planned(tmp_path, worker).sized
    assert sized is not None
    plan = planned(tmp_path, worker, gpu=f"{sized.memory.total * times / 2**30:.3f}gb")

    assert [item.severity for item in found(plan, "P-MEMORY")] == ([severity] if severity else [])


@pytest.mark.slow
@pytest.mark.parametrize(("free", "count"), [(10**9, 0), (10**6, 1)])
def test_checkpoints_need_room(
    tmp_path: Path, worker: AxolotlWorker, free: int, count: int
) -> None:
    """Four million parameters in float32 with their moments, five times, are some 250 MB."""
    plan = planned(tmp_path, worker, gpu=None, free=free)

    assert len(found(plan, "P-DISK")) == count


@pytest.mark.slow
def test_another_model_may_count(worker: AxolotlWorker) -> None:
    """A gated model's config.json from elsewhere: its classes and its size."""
    config = Config.read(RECIPES / "alpaca.yml")
    options = ScaleOptions(processes=2, gpu="h100", model="fixtures/built/chatml-bpe")
    plan = plan_scale(config, options, cwd=ROOT, worker=lambda: worker, surroundings=AROUND)

    assert plan.answers is not None
    assert plan.answers.model is not None
    assert plan.answers.model.no_split == ("Qwen2DecoderLayer",)
    assert plan.sized is not None
    assert plan.sized.shape.architecture == "Qwen2ForCausalLM"


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["alpaca", "packed"])
@pytest.mark.parametrize("processes", [1, 2, 3])
def test_steps_are_axolotl_s(
    prepared: Callable[[str], Path], worker: AxolotlWorker, recipe: str, processes: int
) -> None:
    """On the real dataset our count is that of axolotl's own function."""
    config = Config.read(prepared(recipe).parent / "config.yml")
    options = ScaleOptions(processes=processes)
    plan = plan_scale(config, options, cwd=ROOT, worker=lambda: worker, surroundings=AROUND)
    assert plan.data.folder is not None

    theirs = worker.call(axolotl_steps, config.path, ROOT, plan.data.folder, processes)

    assert plan.data.certain
    assert plan.schedule.steps == theirs


@pytest.mark.slow
def test_a_second_plan_asks_nothing(tmp_path: Path, worker: AxolotlWorker) -> None:
    """Everything that was said is kept: the same plan needs no worker."""
    first = planned(tmp_path, worker)
    options = ScaleOptions(processes=8, gpu="h100")
    config = Config.read(tmp_path / "changed.yml")

    second = plan_scale(config, options, cwd=ROOT, surroundings=AROUND)

    assert second.preflight == first.preflight
    assert second.sized == first.sized


@pytest.mark.slow
def test_a_refusal_is_kept_too(tmp_path: Path, worker: AxolotlWorker) -> None:
    """A YAML that axolotl does not take is not put to it again."""
    old = [{"path": "fixtures/data/sharegpt.jsonl", "type": "sharegpt"}]
    first = planned(tmp_path, worker, datasets=old)
    config = Config.read(tmp_path / "changed.yml")
    started: list[str] = []

    def again() -> AxolotlWorker:
        started.append("asked")
        return worker

    second = plan_scale(config, first.options, cwd=ROOT, worker=again, surroundings=AROUND)

    assert started == []
    assert second.preflight == first.preflight


@pytest.mark.slow
def test_the_worker_is_left_as_it_was(tmp_path: Path, worker: AxolotlWorker) -> None:
    """No variable of the fleet or of FSDP stays behind for the next task."""
    planned(tmp_path, worker, **fsdp(offload_params=True))

    assert worker.call(variables) == {}
