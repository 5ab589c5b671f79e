"""What of a config decides how much memory a training step takes.

Defaults and precedence are axolotl's (schemas/config.py, loaders/model.py, utils/config); what
cannot be told from the YAML is listed as unknown, with what was assumed instead.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from inspect_tool.errors import InspectError
from inspect_tool.scale.memory.optimizers import DEFAULT, Optimizer, optimizer_of
from inspect_tool.scale.memory.shape import Attention, Variant

if TYPE_CHECKING:
    from collections.abc import Mapping

ALL_LINEAR = "all-linear"
"""peft's word for every linear layer but the head."""
CHECKPOINTING = "gradient_checkpointing"
FSDP_CHECKPOINTING = "fsdp_config.activation_checkpointing"
"""The keys by which layers keep their input alone; transformers refuses both at once."""

_FUSED_LOSS = ("liger_fused_linear_cross_entropy", "chunked_cross_entropy")
_CUT_CROSS_ENTROPY = "CutCrossEntropyPlugin"
_FLASHLIKE = (
    "flash_attention",
    "xformers_attention",
    "sage_attention",
    "flex_attention",
    "s2_attention",
)
_PAIRS = {"dpo", "ipo", "orpo", "simpo"}
_WITH_REFERENCE = {"dpo", "ipo", "kto", "gdpo"}
_SAMPLING = {"grpo", "gdpo", "ebft"}


@dataclass(frozen=True)
class Lora:
    """Adapters: ``targets`` as peft takes them, ``saved`` the modules that are trained whole."""

    rank: int
    targets: tuple[str, ...]
    dropout: bool = False
    dora: bool = False
    saved: tuple[str, ...] = ()
    layers: int | None = None
    """How many layers get adapters, None for all."""


@dataclass(frozen=True)
class Training:
    """One process's training step; see the module's docstring.

    ``bits`` is how wide quantized linear layers are, None for layers as loaded. ``checkpointing``
    is the key that asks for it. ``copies`` is how many sequences a row becomes (2 for pairs).
    """

    half: bool
    upcast: bool
    lora: Lora | None
    bits: int | None
    optimizer: Optimizer
    checkpointing: str | None
    offload_activations: bool
    micro_batch: int
    accumulation: int
    length: int
    copies: int
    attention: Attention
    fused_loss: str | None
    head: bool
    reference: bool
    unknown: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """Sequences in one micro batch."""
        return self.micro_batch * self.copies

    @property
    def tokens(self) -> int:
        """Tokens in one micro batch."""
        return self.rows * self.length

    @property
    def variant(self) -> Variant:
        """Which way of running the model says what its layers keep."""
        if self.lora is None:
            return Variant(self.half, self.attention, upcast=self.upcast)
        return Variant(
            self.half,
            self.attention,
            targets=self.lora.targets,
            rank=self.lora.rank,
            dropout=self.lora.dropout,
        )


def training_of(
    values: Mapping[str, Any], *, sharded: bool = False, longest: int | None = None
) -> Training:
    """Read a config's values; ``sharded``: under FSDP or DeepSpeed, which keep one precision.

    ``longest`` is the longest row in tokens, where it is known; without it rows count as
    ``sequence_len`` long. Raises InspectError, with the key, for a size that is no size.
    """
    unknown: list[str] = []
    notes: list[str] = []
    lora = _lora(values, unknown)
    half = _half(values, notes)
    attention = _attention(values)
    fused = _fused_loss(values)
    rl = str(values.get("rl") or "")
    if rl in _SAMPLING:
        unknown.append(f"rl: {rl}: generating answers takes memory that is not counted")
    if rl == "kto":
        unknown.append("rl: kto: the forward pass for its divergence is not counted")
    reward = bool(values.get("reward_model") or values.get("process_reward_model"))
    optimizer = _optimizer(values, unknown)
    plain_attention = attention != "flash"
    upcast = half and not sharded and lora is None and plain_attention and not _cut(values)
    return Training(
        half=half,
        upcast=upcast,
        lora=lora,
        bits=_bits(values),
        optimizer=optimizer,
        checkpointing=CHECKPOINTING if values.get(CHECKPOINTING) else None,
        offload_activations=bool(values.get("activation_offloading"))
        or str(values.get("gradient_checkpointing")).startswith("offload"),
        micro_batch=_size(values, "micro_batch_size", 1),
        accumulation=_size(values, "gradient_accumulation_steps", 1),
        length=_length(values, longest, notes),
        copies=2 if rl in _PAIRS or values.get("reward_model") else 1,
        attention=attention,
        fused_loss=fused,
        head=not reward,
        reference=rl in _WITH_REFERENCE and lora is None,
        unknown=(*unknown, *_unread(values)),
        notes=tuple(notes),
    )


def with_strategy(training: Training, *, sharded: bool, checkpointing: bool) -> Training:
    """Return the same training under FSDP or DeepSpeed.

    ``sharded``: one precision is kept for all weights; ``checkpointing``: FSDP's own is on.
    """
    key = FSDP_CHECKPOINTING if checkpointing else training.checkpointing
    return replace(training, upcast=training.upcast and not sharded, checkpointing=key)


def _half(values: Mapping[str, Any], notes: list[str]) -> bool:
    bf16 = values.get("bf16", "auto")
    if bf16 is None:
        bf16 = "auto"
    fp16 = bool(values.get("fp16") or values.get("float16"))
    if bf16 == "auto" and not fp16:
        notes.append("bf16 is auto: a GPU that has bfloat16 is assumed")
    return bool(bf16 or fp16 or values.get("bfloat16") or values.get("load_in_8bit"))


def _attention(values: Mapping[str, Any]) -> Attention:
    written = values.get("attn_implementation")
    if written:
        return written if written in {"sdpa", "eager"} else "flash"
    if any(values.get(key) for key in _FLASHLIKE):
        return "flash"
    return "eager" if values.get("eager_attention") else "sdpa"


def _cut(values: Mapping[str, Any]) -> bool:
    plugins = " ".join(str(name) for name in values.get("plugins") or ())
    return _CUT_CROSS_ENTROPY in plugins and values.get("cut_cross_entropy", True) is not False


def _fused_loss(values: Mapping[str, Any]) -> str | None:
    if _cut(values):
        return "cut_cross_entropy"
    return next((key for key in _FUSED_LOSS if values.get(key)), None)


def _bits(values: Mapping[str, Any]) -> int | None:
    if values.get("load_in_4bit") or values.get("adapter") == "qlora":
        return 4
    return 8 if values.get("load_in_8bit") else None


def _optimizer(values: Mapping[str, Any], unknown: list[str]) -> Optimizer:
    optimizer = optimizer_of(str(values.get("optimizer") or DEFAULT))
    if not optimizer.known:
        unknown.append(f"optimizer: {optimizer.name}: its state is counted as AdamW's")
    return optimizer


def _lora(values: Mapping[str, Any], unknown: list[str]) -> Lora | None:
    adapter = values.get("adapter")
    if not adapter:
        return None
    if adapter not in {"lora", "qlora"}:
        unknown.append(f"adapter: {adapter}: counted as LoRA of the same rank")
    if values.get("lora_target_parameters"):
        unknown.append("lora_target_parameters: adapters of bare parameters are not counted")
    written = values.get("lora_target_modules") or ()
    targets = (written,) if isinstance(written, str) else tuple(str(item) for item in written)
    if values.get("lora_target_linear") or not targets:
        targets = (ALL_LINEAR,)
    saved = values.get("lora_modules_to_save") or ()
    only = values.get("peft_layers_to_transform")
    if values.get("lora_target_linear") and {"embed_tokens", "lm_head"} & set(map(str, written)):
        unknown.append("lora_target_modules: counted without embeddings and head")
    return Lora(
        rank=_size(values, "lora_r", 8),
        targets=targets,
        dropout=bool(values.get("lora_dropout")),
        dora=bool(values.get("peft_use_dora")),
        saved=tuple(str(item) for item in saved),
        layers=len(only) if isinstance(only, list) else None,
    )


def _length(values: Mapping[str, Any], longest: int | None, notes: list[str]) -> int:
    length = _size(values, "sequence_len", 512)
    if values.get("sample_packing") or values.get("pad_to_sequence_len"):
        return length
    if longest is not None:
        return min(length, longest)
    notes.append(f"rows are taken as {length} tokens long (sequence_len); shorter ones take less")
    return length


def _unread(values: Mapping[str, Any]) -> list[str]:
    said = {
        "unfrozen_parameters": "all parameters count as trained",
        "torch_compile": "compiled layers keep less than is counted",
        "tiled_mlp": "tiled layers keep less than is counted",
        "relora": "resets are not counted",
        "relora_steps": "resets are not counted",
        "context_parallel_size": "sequences count as whole",
        "tensor_parallel_size": "weights count as whole",
        "expert_parallel_size": "experts count as whole",
        "fp8": "counted as bfloat16",
        "gptq": "counted as 4-bit",
        "qat": "counted without fake quantization",
        "selective_checkpointing": "counted as full checkpointing",
        "spectrum": "all parameters count as trained",
        "trainer_cls": "a trainer of its own may take more",
    }
    evaluated = values.get("eval_batch_size")
    if isinstance(evaluated, int) and evaluated > _size(values, "micro_batch_size", 1):
        said["eval_batch_size"] = "evaluation is not counted, and its batches are larger"
    return [
        f"{key}: {assumed}"
        for key, assumed in said.items()
        if values.get(key) and (values[key] is True or values[key] != 1)
    ]


def _size(values: Mapping[str, Any], key: str, default: int) -> int:
    written = values.get(key)
    if written is None or written == "":
        return default
    try:
        size = int(written)
    except (TypeError, ValueError):
        size = 0
    if size < 1 or isinstance(written, bool):
        raise InspectError(f"not a whole number above 0: {written!r}", place=key)
    return size
