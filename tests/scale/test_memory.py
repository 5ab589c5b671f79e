"""Bytes by part, on a model small enough to be added up by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from inspect_tool.errors import InspectError
from inspect_tool.scale.fleet import Fleet, Strategy
from inspect_tool.scale.memory.estimate import LOGIT_BYTES, NCCL, RUNTIME, Memory, estimate
from inspect_tool.scale.memory.shape import Model, Shape, Tensors
from inspect_tool.scale.memory.sharding import sharding_of
from inspect_tool.scale.memory.states import QUANTIZED, states_of
from inspect_tool.scale.memory.training import training_of
from tests.scale.memory_models import (
    ADAPTED,
    EMBEDDING,
    ENTRY,
    FULL,
    LAYER,
    LAYERS,
    LINEAR,
    LORA,
    NORM,
    PARAMETERS,
    REST,
    VOCABULARY,
    by_hand,
)

if TYPE_CHECKING:
    from pathlib import Path

TOKENS = 200


def estimated(values: dict[str, Any], fleet: Fleet | None = None, **more: Any) -> Memory:
    """Estimate the model counted by hand."""
    fleet = fleet or Fleet(1)
    return estimate(values, fleet, by_hand(values, fleet), **more)


def test_full_fine_tune_in_sixteen_bits() -> None:
    """Weights, gradients and both states of AdamW have two bytes a parameter."""
    memory = estimated({**FULL, "optimizer": "adamw_torch_fused"})

    assert memory.most["weights"] == 2 * PARAMETERS
    assert memory.most["gradients"] == 2 * PARAMETERS
    assert memory.most["optimizer"] == 4 * PARAMETERS
    assert memory.trained == memory.parameters == PARAMETERS


def test_full_fine_tune_in_float32() -> None:
    """Without 16 bits each of them is four bytes wide."""
    memory = estimated({**FULL, "bf16": False})

    assert memory.most["weights"] == 4 * PARAMETERS
    assert memory.most["optimizer"] == 8 * PARAMETERS


def test_axolotl_keeps_embeddings_wide_without_flash_attention() -> None:
    """With sdpa, embeddings, head and norms are float32 (loaders/model.py)."""
    memory = estimated({key: value for key, value in FULL.items() if key != "flash_attention"})

    assert memory.most["weights"] == 2 * LINEAR + 4 * (2 * EMBEDDING + NORM)


def test_unfused_adamw_copies_at_its_step() -> None:
    """Torch's foreach AdamW makes one more copy of the parameters while it steps."""
    assert estimated({**FULL, "optimizer": "adamw_torch"}).most["step"] == 2 * PARAMETERS
    assert estimated({**FULL, "optimizer": "adamw_torch_fused"}).most["step"] == 0


def test_eight_bit_states_leave_embeddings_wide() -> None:
    """Transformers asks bitsandbytes to keep the states of embeddings in float32."""
    memory = estimated({**FULL, "optimizer": "adamw_bnb_8bit"})

    others = PARAMETERS - EMBEDDING
    assert memory.most["optimizer"] == round(8 * EMBEDDING + 2 * (1 + 4 / 256) * others)


def test_adafactor_keeps_rows_and_columns() -> None:
    """Its state is far smaller than the model."""
    assert estimated({**FULL, "optimizer": "adafactor"}).most["optimizer"] < PARAMETERS / 100


def test_paged_states_are_the_hosts() -> None:
    """Paged state counts in the machine's memory."""
    memory = estimated({**FULL, "optimizer": "paged_adamw_8bit"})

    assert memory.most["optimizer"] == 0
    assert memory.host > 2 * PARAMETERS


def test_adapters_are_float32_and_all_that_is_trained() -> None:
    """Peft keeps adapters in float32; the model's own weights get no gradients."""
    memory = estimated(LORA)

    assert memory.trained == ADAPTED
    assert memory.most["adapters"] == memory.most["gradients"] == 4 * ADAPTED
    assert memory.most["weights"] == 2 * PARAMETERS


def test_saved_modules_are_copied() -> None:
    """`lora_modules_to_save` trains a copy beside the frozen module."""
    memory = estimated({**LORA, "lora_modules_to_save": ["embed", "lm_head"]})

    assert memory.trained == ADAPTED + 2 * EMBEDDING
    assert memory.most["adapters"] == 4 * ADAPTED + 2 * 2 * EMBEDDING


def test_four_bit_layers() -> None:
    """Linear layers take NF4's bytes, all else its own."""
    memory = estimated({**LORA, "adapter": "qlora", "load_in_4bit": True})

    others = 2 * (PARAMETERS - LINEAR)
    assert memory.most["weights"] == pytest.approx(QUANTIZED[4] * LINEAR + others, abs=1)


def test_activations_without_checkpointing() -> None:
    """All layers keep what their backward pass needs, for each token."""
    assert estimated(FULL).most["activations"] == round((LAYER * LAYERS + REST) * TOKENS)


def test_activations_with_checkpointing() -> None:
    """Layers keep their input; one of them is run again."""
    memory = estimated({**FULL, "gradient_checkpointing": True})

    assert memory.most["activations"] == round((ENTRY * LAYERS + REST + LAYER) * TOKENS)
    assert memory.otherwise == estimated(FULL).most["activations"]


def test_fsdp_s_own_checkpointing() -> None:
    """FSDP's key does what the trainer's does and is the one that is named; on DDP it is idle."""
    written = {**FULL, "fsdp_version": 2, "fsdp_config": {"activation_checkpointing": True}}
    memory = estimated(written, Fleet(2, strategy=Strategy.FSDP))

    assert memory.most["activations"] == round((ENTRY * LAYERS + REST + LAYER) * TOKENS)
    assert memory.otherwise_key == "without fsdp_config.activation_checkpointing"
    assert estimated(written, Fleet(2)).checkpointing is None


def test_offloaded_activations_are_the_hosts() -> None:
    """With offloading two inputs stay on the GPU."""
    memory = estimated({**FULL, "gradient_checkpointing": True, "activation_offloading": True})

    assert memory.most["activations"] == round((2 * ENTRY + REST + LAYER) * TOKENS)
    assert memory.host == round(ENTRY * TOKENS) * LAYERS


def test_logits() -> None:
    """The loss takes its bytes for each token and entry of the vocabulary."""
    assert estimated(FULL).most["logits"] == TOKENS * VOCABULARY * LOGIT_BYTES


@pytest.mark.parametrize(
    "keys",
    [
        {"plugins": ["axolotl.integrations.cut_cross_entropy.CutCrossEntropyPlugin"]},
        {"liger_fused_linear_cross_entropy": True},
        {"reward_model": True},
    ],
)
def test_fused_losses_make_no_logits(keys: dict[str, Any]) -> None:
    """A fused loss, or a head of one value, has no logits over the vocabulary."""
    assert estimated({**FULL, **keys}).most["logits"] == 0


def test_chunked_loss_makes_them_in_pieces() -> None:
    """Chunked cross entropy has an eighth of them at a time."""
    assert estimated({**FULL, "chunked_cross_entropy": True}).most["logits"] == (
        TOKENS // 8 * VOCABULARY * LOGIT_BYTES
    )


def test_the_peak_adds_up() -> None:
    """What is held at the peak is the total, and no phase takes more."""
    memory = estimated({**FULL, "gradient_accumulation_steps": 4})

    assert sum(memory.per_gpu.values()) == memory.total == max(memory.phases.values())


def test_gradients_are_there_in_forward_only_when_accumulated() -> None:
    """The first micro batch of a step finds no gradients."""
    once = estimated(FULL).phases["forward"]
    often = estimated({**FULL, "gradient_accumulation_steps": 2}).phases["forward"]

    assert often - once == 2 * PARAMETERS


def test_preference_pairs_are_two_sequences_and_a_reference() -> None:
    """DPO without adapters holds a frozen copy and runs chosen and rejected together."""
    memory = estimated({**FULL, "rl": "dpo"})

    assert memory.most["reference"] == 2 * PARAMETERS
    assert memory.most["logits"] == 2 * TOKENS * VOCABULARY * LOGIT_BYTES


def test_adapters_need_no_reference() -> None:
    """With adapters the model without them is the reference."""
    assert estimated({**LORA, "rl": "dpo"}).most["reference"] == 0


def test_shorter_rows_take_less() -> None:
    """Rows that are not padded are as long as the longest of them."""
    values = {key: value for key, value in FULL.items() if key != "sample_packing"}

    assert estimated(values, longest=50).most["logits"] == TOKENS // 2 * VOCABULARY * LOGIT_BYTES
    assert "sequence_len" in " ".join(estimated(values).notes)


def test_ddp_keeps_buckets() -> None:
    """Several processes reduce gradients in buckets of their own."""
    memory = estimated(FULL, Fleet(2))

    assert memory.most["communication"] == 2 * PARAMETERS
    assert memory.most["runtime"] == RUNTIME + NCCL


@pytest.mark.parametrize(
    ("strategy", "shares"),
    [
        (Strategy.ZERO1, (2, 2, 12 / 8)),
        (Strategy.ZERO2, (2, 2 / 8, 12 / 8)),
        (Strategy.ZERO3, (2 / 8, 2 / 8, 12 / 8)),
        (Strategy.FSDP, (2 / 8, 2 / 8, 4 / 8)),
    ],
)
def test_strategies_split(strategy: Strategy, shares: tuple[float, ...]) -> None:
    """Bytes a parameter of weights, gradients and optimizer on 8 GPUs."""
    memory = estimated({**FULL, "optimizer": "adamw_torch_fused"}, Fleet(8, 1, strategy))

    found = tuple(memory.most[part] for part in ("weights", "gradients", "optimizer"))
    assert found == tuple(round(share * PARAMETERS) for share in shares)


@pytest.mark.parametrize(
    ("strategy", "published"),
    [(Strategy.ZERO1, 31.4), (Strategy.ZERO2, 16.6), (Strategy.ZERO3, 1.9)],
)
def test_zero_paper(strategy: Strategy, published: float) -> None:
    """Figure 1 of the ZeRO paper: 7.5 billion parameters, Adam, 64 GPUs, GB of states."""
    shape = Shape(
        "Paper",
        (Tensors("w", (7500, 1_000_000), 1, "linear", block=True),),
        buffers=0,
        layers=1,
        wrapped=(),
        hidden=0,
        vocabulary=0,
    )
    training = training_of({"bf16": True, "optimizer": "adamw_torch_fused"}, sharded=True)
    sharding, _ = sharding_of({}, Fleet(64, 1, strategy), half=True)

    states = states_of(shape, (), training, sharding)

    total = states.weights + states.gradients + states.optimizer
    assert total / 1e9 == pytest.approx(published, abs=0.05)


def test_hybrid_sharding_splits_within_the_group() -> None:
    """`dp_shard_size` says over how many processes FSDP splits."""
    memory = estimated({**FULL, "dp_shard_size": 2, "fsdp_config": {}}, Fleet(8, 1, Strategy.FSDP))

    assert memory.most["weights"] == PARAMETERS
    assert any("dp_shard_size" in note for note in memory.notes)


def test_fsdp_without_resharding_keeps_the_weights() -> None:
    """`reshard_after_forward: false` keeps all weights beside the own share."""
    values = {**FULL, "fsdp_version": 2, "fsdp_config": {"reshard_after_forward": False}}

    memory = estimated(values, Fleet(8, 1, Strategy.FSDP))

    assert memory.most["weights"] == round(2 * PARAMETERS * (1 + 1 / 8))


def test_offloaded_states_are_the_hosts() -> None:
    """What FSDP offloads lies in the machine's memory, for every process on it."""
    values = {**FULL, "fsdp_version": 2, "fsdp_config": {"offload_params": True}}

    memory = estimated(values, Fleet(8, 2, Strategy.FSDP))

    assert memory.most["weights"] == memory.most["optimizer"] == 0
    assert memory.host == pytest.approx(8 * PARAMETERS / 8 * 4, abs=4)


def test_zero3_without_explicit_bf16_is_float32() -> None:
    """Weights that ZeRO-3 makes before `auto` is known are twice as wide; a note says so."""
    values = {**FULL, "deepspeed": {"zero_optimization": {"stage": 3}, "bf16": {"enabled": "auto"}}}

    memory = estimated(values, Fleet(4, 1, Strategy.ZERO3))

    assert memory.most["weights"] == PARAMETERS
    assert any("bf16.enabled" in note for note in memory.notes)


def test_zero_offload_is_read_from_the_file(tmp_path: Path) -> None:
    """The DeepSpeed file that the YAML names says what is offloaded."""
    zero = {"stage": 2, "offload_optimizer": {"device": "cpu"}}
    (tmp_path / "zero2.json").write_text(
        json.dumps({"zero_optimization": zero, "bf16": {"enabled": True}}), "utf-8"
    )

    memory = estimated(
        {**FULL, "deepspeed": "zero2.json"}, Fleet(2, 1, Strategy.ZERO2), cwd=tmp_path
    )

    assert memory.most["optimizer"] == 0
    assert memory.host > 0


def test_missing_deepspeed_file_is_said() -> None:
    """A file that is not there does not stop the estimate."""
    memory = estimated({**FULL, "deepspeed": "zero2.json"}, Fleet(2, 1, Strategy.ZERO2))

    assert any("zero2.json" in note for note in memory.notes)


@pytest.mark.parametrize(
    "keys",
    [
        {"optimizer": "polora"},
        {"rl": "grpo"},
        {"unfrozen_parameters": ["lm_head"]},
        {"context_parallel_size": 2},
        {"torch_compile": True},
    ],
)
def test_what_is_not_counted_is_listed(keys: dict[str, Any]) -> None:
    """A key whose effect is not known is named, not passed over."""
    assert any(next(iter(keys)) in line for line in estimated({**FULL, **keys}).unknown)


@pytest.mark.parametrize("key", ["micro_batch_size", "sequence_len", "gradient_accumulation_steps"])
@pytest.mark.parametrize("value", [0, -1, "many", True])
def test_sizes_that_are_none_are_refused(key: str, value: object) -> None:
    """The key is named."""
    with pytest.raises(InspectError, match=key):
        training_of({**FULL, key: value})


@pytest.mark.parametrize(("bits", "width"), [(4, QUANTIZED[4]), (8, 1), (None, 2)])
def test_checkpoints_that_are_quantized(bits: int | None, width: float) -> None:
    """Adapters on a quantized checkpoint count its bits; where those are unknown it is said."""
    model = by_hand(LORA)
    stored = replace(model, shape=replace(model.shape, quantized="gptq", bits=bits))

    memory = estimate(LORA, Fleet(1), stored)

    others = 2 * (PARAMETERS - LINEAR)
    assert memory.most["weights"] == pytest.approx(width * LINEAR + others, abs=1)
    assert any("gptq" in line for line in memory.unknown) is (bits is None)


def test_model_survives_its_file() -> None:
    """What is kept on disk comes back as it was."""
    model = by_hand(LORA)

    assert Model.from_json(json.loads(json.dumps(model.to_json()))) == model
