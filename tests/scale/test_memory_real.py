"""Estimates held to the real thing: the models' own classes, accelerate's table, counted bytes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks import scale_memory
from inspect_tool.axolotl_worker import AxolotlWorker
from inspect_tool.errors import InspectError
from inspect_tool.runs.tiny.families import like
from inspect_tool.scale.fleet import Fleet
from inspect_tool.scale.memory.estimate import RUNTIME, estimate, settled
from inspect_tool.scale.memory.gpus import HEADROOM
from inspect_tool.scale.memory.shape import Variant
from inspect_tool.scale.memory.store import model_of, plain_of
from tests.processes import TIMEOUT, environment
from tests.scale.memory_models import BERT_BASE_CASED, LLAMA_3_8B

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.scale.memory.plain import PlainTable

pytestmark = pytest.mark.slow

DOCS = Path(__file__).resolve().parents[2] / "docs" / "memory.md"

SMALL = {**LLAMA_3_8B, "num_hidden_layers": 3, "vocab_size": 32000}
RUN = {
    "bf16": True,
    "flash_attention": True,
    "sequence_len": 512,
    "sample_packing": True,
    "optimizer": "adamw_torch",
}
ADAPTED = {"adapter": "lora", "lora_r": 16, "lora_target_linear": True}
RUNS: dict[str, dict[str, Any]] = {
    "full": RUN,
    "checkpointing": {**RUN, "gradient_checkpointing": True, "gradient_accumulation_steps": 2},
    "fused": {**RUN, "optimizer": "adamw_torch_fused", "micro_batch_size": 4},
    "lora": {**RUN, **ADAPTED, "lora_dropout": 0.05},
    "lora, checkpointing": {**RUN, **ADAPTED, "gradient_checkpointing": True},
    "float32": {**RUN, "bf16": False},
}


@pytest.fixture(scope="module")
def worker() -> Iterator[AxolotlWorker]:
    """One worker for all that is asked of the models' classes."""
    with AxolotlWorker() as started:
        yield started


@pytest.fixture(scope="module")
def counted() -> dict[str, dict[str, int]]:
    """The bytes that live in each phase of every run, counted in a child process."""
    argv = [sys.executable, "-m", "tests.scale.live_bytes", json.dumps(SMALL)]
    answer = subprocess.run(
        [*argv, *map(json.dumps, RUNS.values())],
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
        env=environment(None),
    )
    assert answer.returncode == 0, answer.stderr
    found = [json.loads(line) for line in answer.stdout.splitlines() if line.startswith("{")]
    return dict(zip(RUNS, found, strict=True))


@pytest.mark.parametrize("run", RUNS)
def test_peak_is_what_was_counted(
    run: str, counted: dict[str, dict[str, int]], worker: AxolotlWorker
) -> None:
    """The peak agrees with every storage counted in real steps, to 2 %."""
    fleet = Fleet(1)
    model = model_of(SMALL, [settled(RUNS[run], fleet)[0].variant], lambda: worker)

    memory = estimate(RUNS[run], fleet, model)

    assert memory.total - RUNTIME == pytest.approx(max(counted[run].values()), rel=0.02)


def test_parameters_of_llama_3_8b(worker: AxolotlWorker) -> None:
    """The class itself says how many parameters there are: the published number."""
    assert model_of(LLAMA_3_8B, [], lambda: worker).shape.parameters == 8_030_261_248


def test_eager_attention_keeps_what_was_published(worker: AxolotlWorker) -> None:
    """Korthikanti et al. 2022: a GPT layer keeps 34 h + 5 a s bytes a token in 16 bits.

    GPT-2's dropout masks are a byte there too; its GELU is made of several operations here.
    """
    config = {"model_type": "gpt2", "n_embd": 1024, "n_head": 16, "n_layer": 2, "n_positions": 512}
    variant = Variant(half=True, attention="eager")

    kept = model_of(config, [variant], lambda: worker).kept[variant.key]

    assert kept.measured
    assert 5 * 16 <= kept.layer.square <= 12 * 16
    assert 34 * 1024 <= kept.layer.linear <= 80 * 1024


def test_flash_attention_keeps_nothing_square(worker: AxolotlWorker) -> None:
    """Its activations grow with the sequence, no faster."""
    variant = Variant(half=True, attention="flash")

    assert model_of(SMALL, [variant], lambda: worker).kept[variant.key].layer.square == 0


def test_adapters_are_counted_by_peft(worker: AxolotlWorker) -> None:
    """LoRA of rank 16 on all linear layers of Llama-3-8B trains 41,943,040 parameters."""
    variant = Variant(half=True, attention="flash", targets=("all-linear",), rank=16)

    kept = model_of(LLAMA_3_8B, [variant], lambda: worker).kept[variant.key]

    assert sum(item.elements for item in kept.adapters) == 41_943_040


@pytest.mark.parametrize(
    ("targets", "trained"),
    [
        (("q_proj",), 32 * 16 * (4096 + 4096)),
        (("q_proj", "v_proj"), 32 * 16 * (4096 + 4096 + 4096 + 1024)),
        ((r".*layers\.[0-9]\.self_attn\.q_proj",), 10 * 16 * (4096 + 4096)),
    ],
)
def test_targets_are_read_as_peft_reads_them(
    targets: tuple[str, ...], trained: int, worker: AxolotlWorker
) -> None:
    """One name, several names, or a pattern over whole names."""
    variant = Variant(half=True, attention="flash", targets=targets, rank=16)

    kept = model_of(LLAMA_3_8B, [variant], lambda: worker).kept[variant.key]

    assert sum(item.elements for item in kept.adapters) == trained


@pytest.mark.parametrize("family", ["mixtral", "gemma2", "phi3", "qwen3_moe", "falcon"])
def test_other_architectures_are_run(family: str, worker: AxolotlWorker) -> None:
    """Their own layers are run, experts among them."""
    variant = Variant(half=True, attention="flash")

    model = model_of(like(family, vocabulary=32000), [variant], lambda: worker)

    assert model.kept[variant.key].measured
    assert model.shape.layers == 32


def test_class_that_cannot_be_run_is_said(worker: AxolotlWorker) -> None:
    """Where the model's code refuses, the formula is taken and the reason kept."""
    variant = Variant(half=True, attention="flash")

    kept = model_of({"model_type": "t5"}, [variant], lambda: worker).kept[variant.key]

    assert not kept.measured
    assert kept.why


def test_unknown_architecture_is_refused(worker: AxolotlWorker) -> None:
    """The error names the model_type."""
    with pytest.raises(InspectError, match="frobnicate"):
        model_of({"model_type": "frobnicate"}, [], lambda: worker)


def test_config_that_cannot_be_built_is_refused(worker: AxolotlWorker) -> None:
    """A config.json with impossible numbers is one clear error, not a crash of the worker."""
    with pytest.raises(InspectError, match="transformers"):
        model_of({**LLAMA_3_8B, "num_attention_heads": "many"}, [], lambda: worker)


def table(config: dict[str, Any], worker: AxolotlWorker) -> PlainTable:
    """Return accelerate's table of a model."""
    return plain_of(config, lambda: worker)


def test_published_table_of_bert(worker: AxolotlWorker) -> None:
    """bert-base-cased as published, to the last digit: MB of 1024 x 1024 bytes."""
    float32, float16 = table(BERT_BASE_CASED, worker).rows[:2]

    sizes = [float32.model, float32.gradients, float32.backward]
    assert [round((size or 0) / 2**20, 2) for size in sizes] == [413.18, 413.18, 826.36]
    assert round((float32.step or 0) / 2**30, 2) == 1.61
    half = [float16.model, float16.gradients, float16.backward, float16.step]
    assert [round((size or 0) / 2**20, 2) for size in half] == [413.18, 619.77, 826.36, 826.36]


def test_published_table_of_llama(worker: AxolotlWorker) -> None:
    """Llama-3-8B without the cached sines and cosines that transformers 4.40 kept as buffers.

    Those are 8192 positions x 128 x 4 bytes, twice, in each of 32 layers; with them the published
    28.21 GB are there.
    """
    float32 = table(LLAMA_3_8B, worker).rows[0]

    cached = 8192 * 128 * 4 * 2 * 32
    assert round(float32.total / 2**30, 2) == 27.96
    assert (float32.total + cached) / 2**30 == pytest.approx(28.21, abs=0.005)
    assert 4 * (float32.total + cached) / 2**30 == pytest.approx(112.84, abs=0.02)


def test_second_look_needs_no_worker(worker: AxolotlWorker) -> None:
    """What was looked at before is read from the cache."""
    variant = Variant(half=True, attention="flash")
    first = model_of(SMALL, [variant], lambda: worker)

    def unasked() -> AxolotlWorker:
        raise AssertionError("the worker was asked again")

    assert model_of(SMALL, [variant], unasked) == first


def test_docs_have_the_published_figures(worker: AxolotlWorker) -> None:
    """The table of docs/memory.md is the benchmark's; no error is greater than the head-room."""
    rows = [scale_memory.line(case, worker) for case in scale_memory.PUBLISHED]

    errors = [float(row[3].rstrip("%")) / 100 for row in rows]
    assert scale_memory.markdown(rows) in DOCS.read_text("utf-8")
    assert min(errors) >= -HEADROOM
    assert max(errors) <= HEADROOM
