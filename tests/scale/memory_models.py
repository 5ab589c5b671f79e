"""Models to estimate: config.json of public architectures, and one that was counted by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from inspect_tool.scale.fleet import Fleet
from inspect_tool.scale.memory.advice import plan_variants
from inspect_tool.scale.memory.shape import Curve, Kept, Model, Shape, Tensors

if TYPE_CHECKING:
    from collections.abc import Mapping

LLAMA_3_8B = {
    "model_type": "llama",
    "architectures": ["LlamaForCausalLM"],
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
    "max_position_embeddings": 8192,
    "tie_word_embeddings": False,
}
BERT_BASE_CASED = {
    "model_type": "bert",
    "architectures": ["BertForMaskedLM"],
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "vocab_size": 28996,
    "max_position_embeddings": 512,
    "type_vocab_size": 2,
}

HIDDEN, INNER, VOCABULARY, LAYERS = 1000, 4000, 10_000, 10
LINEAR, EMBEDDING = 2 * HIDDEN * INNER * LAYERS, VOCABULARY * HIDDEN
NORM = HIDDEN
PARAMETERS = LINEAR + 2 * EMBEDDING + NORM

BY_HAND = Shape(
    architecture="ByHand",
    tensors=(
        Tensors("embed.weight", (VOCABULARY, HIDDEN), 1, "embedding", block=False),
        Tensors("layers.*.up.weight", (INNER, HIDDEN), LAYERS, "linear", block=True),
        Tensors("layers.*.down.weight", (HIDDEN, INNER), LAYERS, "linear", block=True),
        Tensors("norm.weight", (HIDDEN,), 1, "norm", block=False),
        Tensors("lm_head.weight", (VOCABULARY, HIDDEN), 1, "head", block=False),
    ),
    buffers=0,
    layers=LAYERS,
    wrapped=("Layer",),
    hidden=HIDDEN,
    vocabulary=VOCABULARY,
)
RANK = 8
ADAPTERS = (
    Tensors("layers.*.up.lora_A.default.weight", (RANK, HIDDEN), LAYERS, "other", block=True),
    Tensors("layers.*.up.lora_B.default.weight", (INNER, RANK), LAYERS, "other", block=True),
)
ADAPTED = RANK * (HIDDEN + INNER) * LAYERS

LAYER, ENTRY, REST = 50_000.0, 2_000.0, 4_000.0
"""Bytes a token: of a layer, of what goes into it, of what lies outside the layers."""
KEPT = Kept(
    layers=Curve(linear=LAYER * LAYERS),
    layer=Curve(linear=LAYER),
    entry=Curve(linear=ENTRY),
    rest=Curve(linear=REST),
    measured=True,
)

FULL: dict[str, Any] = {
    "bf16": True,
    "flash_attention": True,
    "micro_batch_size": 2,
    "sequence_len": 100,
    "sample_packing": True,
}
LORA: dict[str, Any] = {**FULL, "adapter": "lora", "lora_r": RANK, "lora_target_modules": ["up"]}


def by_hand(values: Mapping[str, Any], fleet: Fleet | None = None) -> Model:
    """Return the model counted by hand, known for all that ``values`` may come to."""
    variants = plan_variants(values, fleet or Fleet(1))
    return Model(
        BY_HAND,
        {
            variant.key: replace(KEPT, adapters=ADAPTERS if variant.targets else ())
            for variant in variants
        },
    )
