"""Tiny models: the same architecture and vocabulary, every size fitting the others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from inspect_tool.errors import InspectError
from inspect_tool.runs.debug import DebugOptions
from inspect_tool.runs.tiny.families import FAMILIES, like
from inspect_tool.runs.tiny.model import TinyModel, shrink
from inspect_tool.runs.tiny.source import ModelChoice
from tests.runs.debug.plans import derived, plan
from tests.runs.debug.shapes import SHAPES, config_of

if TYPE_CHECKING:
    from collections.abc import Callable

DATA = "datasets: [{path: some/data, type: alpaca}]\n"


@pytest.fixture(scope="module")
def trains_once() -> Callable[[dict[str, Any]], int]:
    """Build a model from a config with real transformers, train one step; give its size."""
    torch = pytest.importorskip("torch")
    from transformers import AutoConfig, AutoModelForCausalLM

    def train(config: dict[str, Any]) -> int:
        model = AutoModelForCausalLM.from_config(AutoConfig.for_model(**config))
        ids = torch.randint(3, 900, (2, 24), generator=torch.Generator().manual_seed(0))
        loss = model(input_ids=ids, labels=ids).loss
        loss.backward()
        assert torch.isfinite(loss)
        assert all(weight.dtype == torch.float32 for weight in model.parameters())
        return sum(weight.numel() for weight in model.parameters())

    return train


NEEDS_GPU = {"qwen3_next"}
"""Its linear attention runs in triton kernels wherever flash-linear-attention is installed."""


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in SHAPES if name not in NEEDS_GPU])
def test_every_family_trains(name: str, trains_once: Callable[[dict[str, Any]], int]) -> None:
    """The shrunk config of a real model of each family builds in transformers and trains."""
    assert trains_once(shrink(config_of(name))) < 2_000_000


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_every_name_for_like_trains(
    name: str, trains_once: Callable[[dict[str, Any]], int]
) -> None:
    """--like builds each architecture that it names."""
    assert trains_once(shrink(like(name, vocabulary=1000))) < 2_000_000


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_every_name_for_like_has_its_classes(name: str) -> None:
    """The class that --like names is in transformers."""
    transformers = pytest.importorskip("transformers")

    assert hasattr(transformers, like(name, vocabulary=9)["architectures"][0])


@pytest.mark.parametrize("name", SHAPES)
def test_the_vocabulary_is_whole(name: str) -> None:
    """Token ids stay what they were."""
    small = shrink(config_of(name))

    assert small.get("text_config", small)["vocab_size"] == 1000


@pytest.mark.parametrize("name", SHAPES)
def test_shrinking_twice_is_shrinking_once(name: str) -> None:
    """A config that is tiny already stays as it is."""
    small = shrink(config_of(name))

    assert shrink(small) == small


def test_one_layer_of_each_kind_is_left() -> None:
    """Mixed layers are all debugged, in the order they had."""
    small = shrink(config_of("cohere2"))

    assert small["layer_types"] == ["sliding_attention", "full_attention"]
    assert small["num_hidden_layers"] == 2


@pytest.mark.parametrize(
    ("heads", "groups", "left"), [(32, 32, 4), (32, 8, 2), (32, 1, 1), (28, 4, 2)]
)
def test_groups_stay_groups(heads: int, groups: int, left: int) -> None:
    """Key-value heads divide the heads and stay as shared as they were."""
    small = shrink(
        {**config_of("llama-2"), "num_attention_heads": heads, "num_key_value_heads": groups}
    )

    assert (small["num_attention_heads"], small["num_key_value_heads"]) == (4, left)


def test_quantization_and_code_are_left_out() -> None:
    """Random weights are not quantized, and no code of the repository is named."""
    assert not {"quantization_config", "auto_map"} & set(shrink(config_of("deepseek_v3")))


def test_what_is_no_model() -> None:
    """A config.json without a model_type is refused."""
    with pytest.raises(InspectError, match="model_type"):
        shrink({"hidden_size": 4})


def test_an_architecture_that_is_not_known() -> None:
    """The names that are known are told."""
    with pytest.raises(InspectError, match=r"gpt_neox.*qwen3_moe"):
        like("nonesuch", vocabulary=9)


def test_the_folder_says_what_it_came_from() -> None:
    """The base model's name stays in the path, where axolotl looks for it; the key follows."""
    folder = TinyModel.of(config_of("mistral"), name="mistralai/Mistral-7B-v0.1").folder

    assert folder.name.startswith("Mistral-7B-v0.1-")


def test_writing_is_done_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same model is the same folder, and is not written again."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first = TinyModel.of(config_of("llama-2"), name="m").write() / "config.json"
    written = first.stat().st_mtime_ns

    again = TinyModel.of(config_of("llama-2"), name="m").write() / "config.json"
    assert (again, again.stat().st_mtime_ns) == (first, written)


def test_a_cache_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The way out is told."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))

    with pytest.raises(InspectError, match="XDG_CACHE_HOME"):
        TinyModel.of(config_of("llama-2"), name="m").write()


def _base(folder: Path, config: dict[str, Any] | str) -> None:
    (folder / "base").mkdir()
    text = config if isinstance(config, str) else json.dumps(config)
    (folder / "base" / "config.json").write_text(text)
    vocabulary = {"model": {"vocab": {"a": 0, "b": 1}}, "added_tokens": [{"id": 7, "content": "c"}]}
    (folder / "base" / "tokenizer.json").write_text(json.dumps(vocabulary))


def test_the_plan_keeps_the_tokenizer(tmp_path: Path) -> None:
    """base_model becomes the tiny folder, and the tokenizer stays the base model's."""
    _base(tmp_path, config_of("qwen3"))
    now = derived(plan(tmp_path, f"base_model: base\n{DATA}"))

    assert (now["tokenizer_config"], now["reinit_weights"]) == ("base", True)
    assert Path(now["base_model"]).name.startswith("base-")


def test_a_classifier_of_random_weights(tmp_path: Path) -> None:
    """An auto class for classifiers becomes the architecture's own, which takes a config."""
    _base(tmp_path, {**config_of("qwen3"), "architectures": ["Qwen3ForCausalLM"]})
    head = "model_type: AutoModelForSequenceClassification\n"
    now = derived(plan(tmp_path, f"base_model: base\n{head}{DATA}"))

    assert now["model_type"] == "Qwen3ForSequenceClassification"


def test_full_model(tmp_path: Path) -> None:
    """--full-model leaves base_model alone."""
    _base(tmp_path, config_of("qwen3"))
    options = DebugOptions(model=ModelChoice(full=True))
    now = derived(plan(tmp_path, f"base_model: base\n{DATA}", options=options))

    assert (now["base_model"], "reinit_weights" in now) == ("base", False)


def test_keeping_base_model_keeps_all_of_it(tmp_path: Path) -> None:
    """--keep base_model is --full-model."""
    _base(tmp_path, config_of("qwen3"))
    planned = plan(
        tmp_path, f"base_model: base\n{DATA}", options=DebugOptions(keep=("base_model",))
    )

    assert (derived(planned)["base_model"], planned.model.tiny) == ("base", None)


def test_like_another_model(tmp_path: Path) -> None:
    """--like takes the shape by name and the vocabulary from the tokenizer."""
    _base(tmp_path, {})
    options = DebugOptions(model=ModelChoice(like="llama", tokenizer="base"))
    (tmp_path / "data.jsonl").write_text("{}\n")
    text = f"base_model: gated/model\n{DATA.replace('some/data', 'data.jsonl')}"
    planned = plan(tmp_path, text, options=options)

    assert planned.errors == ()
    assert planned.model.tiny is not None
    assert planned.model.tiny.config["vocab_size"] == 8
    assert derived(planned)["tokenizer_config"] == "base"


@pytest.mark.parametrize("text", ["", "{", "[]", "\x00"])
def test_a_damaged_config_json(tmp_path: Path, text: str) -> None:
    """The file is named."""
    _base(tmp_path, text)

    with pytest.raises(InspectError, match=r"config\.json"):
        plan(tmp_path, f"base_model: base\n{DATA}")


def test_a_config_json_that_says_nothing(tmp_path: Path) -> None:
    """A model whose shape is not known is a problem of the plan, with the way out."""
    _base(tmp_path, {})
    problem = plan(tmp_path, f"base_model: base\n{DATA}").errors[0]

    assert (problem.code, "--like" in problem.fix) == ("P-MODEL-UNKNOWN", True)


def test_layers_that_are_not_there(tmp_path: Path) -> None:
    """Keys that name layers by number are taken out for a tiny model."""
    _base(tmp_path, config_of("qwen3"))
    text = f"base_model: base\nunfrozen_parameters: ['model.layers.30']\n{DATA}"

    assert "unfrozen_parameters" not in derived(plan(tmp_path, text))
