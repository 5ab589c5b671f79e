"""Estimates of memory beside what others measured and published, and how far off they are.

No GPU is needed: what is compared are figures of published tables, each with its source.
`python -m benchmarks.scale_memory --markdown` prints the table of docs/memory.md.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchmarks._tables import say, show
from inspect_tool.axolotl_worker import AxolotlWorker
from inspect_tool.scale.fleet import Fleet
from inspect_tool.scale.memory.estimate import GIB, estimate, settled
from inspect_tool.scale.memory.gpus import HEADROOM
from inspect_tool.scale.memory.store import model_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

QWEN = "Qwen README"
HF = "transformers docs"
TORCHTUNE = "torchtune README"

SOURCES = {
    QWEN: "github.com/QwenLM/Qwen, README.md, Profiling of Memory and Speed (A100 80 GB, flash "
    "attention 2, batch size 1, accumulation 8)",
    HF: "huggingface.co/docs/transformers/v4.27.2/en/perf_train_gpu_one (V100, nvidia-smi)",
    TORCHTUNE: "github.com/pytorch/torchtune, README.md, Memory and training speed (batch size 2, "
    "packed to 2048, peak of torch's allocator)",
}

QWEN_7B = {
    "model_type": "qwen2",
    "hidden_size": 4096,
    "intermediate_size": 11008,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 32,
    "vocab_size": 151936,
    "tie_word_embeddings": False,
}
"""Qwen-7B (the first one) has a class of its own; Qwen2's of the same sizes stands in."""
LLAMA_31_8B = {
    "model_type": "llama",
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
    "tie_word_embeddings": False,
}
BERT_LARGE = {
    "model_type": "bert",
    "hidden_size": 1024,
    "intermediate_size": 4096,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "vocab_size": 30522,
    "is_decoder": True,
}

_QWEN_RUN = {
    "bf16": True,
    "flash_attention": True,
    "gradient_checkpointing": True,
    "gradient_accumulation_steps": 8,
    "micro_batch_size": 1,
    "optimizer": "adamw_torch",
    "adapter": "lora",
    "lora_r": 64,
    "lora_dropout": 0.05,
    "lora_target_linear": True,
}
_BERT_RUN = {
    "bf16": False,
    "attn_implementation": "eager",
    "optimizer": "adamw_torch_fused",
    "process_reward_model": True,
    "sequence_len": 512,
}
_TORCHTUNE_RUN = {
    "bf16": True,
    "flash_attention": True,
    "gradient_checkpointing": True,
    "micro_batch_size": 2,
    "sequence_len": 2048,
    "chunked_cross_entropy": True,
    "optimizer": "adamw_torch_fused",
    "lora_r": 8,
    "lora_target_linear": True,
}


@dataclass(frozen=True)
class Published:
    """One figure: ``size`` in GiB as published, for a run that ``values`` describe."""

    name: str
    source: str
    size: float
    config: dict[str, Any] = field(repr=False)
    values: dict[str, Any] = field(repr=False)


def _qwen() -> Iterator[Published]:
    lora = {256: 20.1, 512: 20.4, 1024: 21.5, 2048: 23.8, 4096: 29.7, 8192: 36.6}
    whole = {256: 33.7, 2048: 35.1, 8192: 48.5}
    quantized = {256: 11.5, 2048: 13.9, 8192: 23.5}
    saved = {"lora_modules_to_save": ["embed_tokens", "lm_head"]}
    four = {"adapter": "qlora", "load_in_4bit": True}
    for title, sizes, changes in (
        ("Qwen-7B LoRA r 64", lora, {}),
        ("Qwen-7B LoRA r 64, embeddings", whole, saved),
        ("Qwen-7B Q-LoRA (GPTQ)", quantized, four),
    ):
        for length, size in sizes.items():
            values = {**_QWEN_RUN, **changes, "sequence_len": length}
            yield Published(f"{title}, {length} tokens", QWEN, size, QWEN_7B, values)


def _bert() -> Iterator[Published]:
    for title, size, changes in (
        ("batch 4", 14949, {"micro_batch_size": 4}),
        ("batch 1 x 4", 8681, {"gradient_accumulation_steps": 4}),
        (
            "batch 1 x 4, checkpointing",
            6775,
            {"gradient_accumulation_steps": 4, "gradient_checkpointing": True},
        ),
        ("batch 4, 8-bit Adam", 13085, {"micro_batch_size": 4, "optimizer": "adamw_bnb_8bit"}),
        ("batch 4, Adafactor", 12295, {"micro_batch_size": 4, "optimizer": "adafactor"}),
    ):
        values = {**_BERT_RUN, **changes}
        yield Published(f"bert-large fp32 512, {title}", HF, size / 1024, BERT_LARGE, values)


def _llama() -> Iterator[Published]:
    full = {"optimizer": "paged_adamw_8bit"}
    for title, size, changes in (
        ("LoRA r 8", 16.2, {"adapter": "lora"}),
        ("QLoRA r 8", 7.4, {"adapter": "qlora", "load_in_4bit": True}),
        ("full, paged 8-bit AdamW", 37.4, full),
    ):
        values = {**_TORCHTUNE_RUN, **changes}
        yield Published(f"Llama-3.1-8B {title}", TORCHTUNE, size, LLAMA_31_8B, values)


PUBLISHED = (*_qwen(), *_bert(), *_llama())


def estimated(case: Published, worker: AxolotlWorker) -> float:
    """Return our estimate in GiB; without what torch does not see where torch did the measuring."""
    fleet = Fleet(1)
    variant = settled(case.values, fleet)[0].variant
    model = model_of(case.config, [variant], lambda: worker)
    memory = estimate(case.values, fleet, model)
    unseen = memory.per_gpu["runtime"] if case.source == TORCHTUNE else 0
    return (memory.total - unseen) / GIB


Line = tuple[str, str, str, str, str]
"""What, published, estimated, error and source of a case."""


def line(case: Published, worker: AxolotlWorker) -> Line:
    """Return a case as it is printed."""
    ours = estimated(case, worker)
    error = f"{ours / case.size - 1:+.0%}"
    return case.name, f"{case.size:.1f}", f"{ours:.1f}", error, case.source


def markdown(rows: Sequence[Line]) -> str:
    """Return the rows as docs/memory.md has them."""
    head = ["| run | published | estimated | error | source |", "|---|---|---|---|---|"]
    return "\n".join([*head, *(f"| {' | '.join(row)} |" for row in rows)])


def main() -> None:
    """Print the table, and how wide the errors are."""
    with AxolotlWorker() as worker:
        rows = [line(case, worker) for case in PUBLISHED]
    if "--markdown" in sys.argv:
        print(markdown(rows))
        return
    show(
        "GiB on one GPU, published and estimated",
        ("run", "published", "estimated", "error"),
        [row[:4] for row in rows],
    )
    errors = [float(row[3].rstrip("%")) for row in rows]
    say(f"errors from {min(errors):+.0f} % to {max(errors):+.0f} %; head-room {HEADROOM:.0%}")
    for name, where in SOURCES.items():
        say(f"{name}: {where}")


if __name__ == "__main__":
    main()
