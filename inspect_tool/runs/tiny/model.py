"""A model of the same architecture made tiny: the base model's config.json with small numbers.

No weights are needed: axolotl fills the shape with random ones (``reinit_weights``). Every size
that another one must fit is changed together with it; the vocabulary stays whole, so that token
ids, masks and templates are the user's own.
"""

from __future__ import annotations

import copy
import hashlib
import json
import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from inspect_tool.errors import InspectError

if TYPE_CHECKING:
    from pathlib import Path

WIDTH = 64
HEADS = 4
HEAD_DIM = WIDTH // HEADS
LAYERS = 2
EXPERTS = 4

_AT_MOST = {
    **dict.fromkeys(("hidden_size", "n_embd", "d_model", "dim", "embedding_size"), WIDTH),
    **dict.fromkeys(("intermediate_size", "n_inner", "ffn_dim", "d_ff", "ffn_hidden_size"), 128),
    **dict.fromkeys(("moe_intermediate_size", "shared_expert_intermediate_size"), WIDTH),
    **dict.fromkeys(("intermediate_size_mlp", "shared_intermediate_size"), 128),
    **dict.fromkeys(("num_attention_heads", "n_head", "n_heads"), HEADS),
    **dict.fromkeys(("head_dim", "v_head_dim", "qk_nope_head_dim", "global_head_dim"), HEAD_DIM),
    **dict.fromkeys(("qk_rope_head_dim", "kv_lora_rank", "index_head_dim"), HEAD_DIM),
    **dict.fromkeys(("linear_key_head_dim", "linear_value_head_dim"), HEAD_DIM),
    **dict.fromkeys(
        ("num_experts", "num_local_experts", "n_routed_experts", "index_n_heads"), EXPERTS
    ),
    **dict.fromkeys(("num_experts_per_tok", "num_experts_per_token", "top_k_experts"), 2),
    **dict.fromkeys(("n_group", "topk_group", "n_shared_experts", "first_k_dense_replace"), 1),
    **dict.fromkeys(
        ("num_kv_shared_layers", "num_nextn_predict_layers", "mtp_num_hidden_layers"), 0
    ),
    "q_lora_rank": 32,
    "qk_head_dim": 2 * HEAD_DIM,
    "linear_num_key_heads": 2,
    "linear_num_value_heads": HEADS,
    "full_attention_interval": 2,
    "sliding_window_pattern": 2,
    "hidden_size_per_layer_input": HEAD_DIM,
    "laurel_rank": 8,
    "mamba_n_heads": 8,
    "mamba_num_heads": 8,
    "mamba_d_head": HEAD_DIM,
    "mamba_head_dim": HEAD_DIM,
    "num_heads": 8,
    "mamba_d_ssm": 2 * WIDTH,
    "rotary_dim": HEAD_DIM,
    "attn_layer_period": 2,
    "attn_layer_offset": 1,
    "depth": LAYERS,
    "max_window_layers": LAYERS,
    "index_topk": 8,
    "decoder_sparse_step": 1,
}
_LAYER_COUNTS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers")
_KV_HEADS = ("num_key_value_heads", "num_kv_heads", "n_head_kv")
_HEAD_COUNTS = ("num_attention_heads", "n_head", "n_heads")
_LAYER_KINDS = ("layer_types", "mlp_layer_types", "layers_block_type")
_LAYER_NUMBERS = ("mlp_only_layers", "cross_attention_layers", "attn_layer_indices", "dense_layers")
_PARTS = ("text_config", "vision_config", "audio_config")
_DROPPED = (
    "quantization_config",
    "compression_config",
    "auto_map",
    "_name_or_path",
    "transformers_version",
    "pruned_heads",
    "torch_dtype",
    "base_model_tp_plan",
)
_NO_KV = frozenset({"gpt_neox", "gpt2", "opt", "bloom", "mpt", "gptj", "codegen", "falcon"})
"""Architectures without grouped key-value heads, or with a name of their own for them."""


@dataclass(frozen=True)
class TinyModel:
    """A tiny config and the folder of the cache that holds it; ``write`` makes the folder.

    ``parameters`` is estimated from the config: the vocabulary's share is exact, the layers' not.
    """

    name: str
    architecture: str
    config: dict[str, Any] = field(repr=False)
    folder: Path
    generation: dict[str, Any] | None = None
    """The base model's generation_config.json, which says what ends an answer."""

    @classmethod
    def of(cls, config: dict[str, Any], *, name: str) -> TinyModel:
        """Shrink ``config`` (a config.json); ``name`` is the base model's, for its folder.

        The folder's name keeps the base model's: axolotl looks for words such as `mistral` in it.
        """
        shrunk = shrink(config)
        key = hashlib.sha256(json.dumps(shrunk, sort_keys=True).encode()).hexdigest()[:12]
        plain = re.sub(r"[^\w.-]+", "-", name.rstrip("/").rpartition("/")[2]).strip(".-") or "model"
        return cls(name, str(shrunk["model_type"]), shrunk, cache_folder() / f"{plain}-{key}")

    @property
    def parameters(self) -> int:
        """About how many parameters it has."""
        text = self.config.get("text_config") or self.config
        width = next(
            (int(text[k]) for k in ("hidden_size", "n_embd", "d_model") if k in text), WIDTH
        )
        vocabulary = int(text.get("vocab_size") or self.config.get("vocab_size") or 0)
        tied = text.get("tie_word_embeddings", self.config.get("tie_word_embeddings", False))
        layers = next((int(text[key]) for key in _LAYER_COUNTS if key in text), LAYERS)
        experts = next(
            (int(text[k]) for k in ("num_local_experts", "num_experts") if text.get(k)), 1
        )
        return vocabulary * width * (1 if tied else 2) + layers * width * width * (4 + 6 * experts)

    @property
    def class_prefix(self) -> str:
        """How the names of its classes in transformers begin, such as `Qwen2`."""
        named = self.config.get("architectures")
        first = str(named[0]) if isinstance(named, list) and named else ""
        plain = "".join(part.capitalize() for part in self.architecture.split("_"))
        return first.partition("For")[0] or plain

    def write(self) -> Path:
        """Write the config's files into the folder; raises InspectError where that cannot be."""
        try:
            self._write("config.json", self.config)
            if self.generation is not None:
                self._write("generation_config.json", self.generation)
        except OSError as error:
            raise InspectError(
                f"the tiny model cannot be kept ({error.strerror})",
                place=self.folder,
                fix="set XDG_CACHE_HOME to a folder that can be written",
            ) from None
        return self.folder

    def _write(self, name: str, values: dict[str, Any]) -> None:
        file, text = self.folder / name, json.dumps(values, indent=2)
        with suppress(FileNotFoundError):
            if file.read_text("utf-8") == text:
                return
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = file.with_suffix(".draft")
        draft.write_text(text, "utf-8")
        draft.replace(file)


def cache_folder() -> Path:
    """Return where tiny models are kept."""
    import platformdirs

    return platformdirs.user_cache_path("inspect-tool") / "tiny"


def shrink(config: dict[str, Any]) -> dict[str, Any]:
    """Return a config.json of the same architecture with small numbers and float32 weights.

    Parts such as ``text_config`` and ``vision_config`` are shrunk with it. Raises InspectError
    for a config without ``model_type``, which is no model's.
    """
    if not isinstance(config.get("model_type"), str):
        raise InspectError("its config.json names no model_type")
    small = _section(copy.deepcopy(config))
    small["dtype"] = "float32"
    return small


def _section(section: dict[str, Any]) -> dict[str, Any]:
    for key in _DROPPED:
        section.pop(key, None)
    _layers(section)
    written = dict(section)
    for key, most in _AT_MOST.items():
        value = section.get(key)
        if isinstance(value, int) and not isinstance(value, bool):
            section[key] = min(value, most)
        elif isinstance(value, list) and value and isinstance(value[0], int):
            section[key] = [min(item, most) for item in value if isinstance(item, int)]
    _heads(section, written)
    _rope(section)
    if section.get("out_hidden_size"):
        section["out_hidden_size"] = WIDTH
    for key, value in section.items():
        if isinstance(value, dict) and ("model_type" in value or key in _PARTS):
            _section(value)
    if "dtype" in section:
        section["dtype"] = "float32"
    return section


def _layers(section: dict[str, Any]) -> None:
    """Keep one layer of each kind, two at least; lists that have an item a layer keep theirs."""
    key = next((name for name in _LAYER_COUNTS if isinstance(section.get(name), int)), None)
    if key is None:
        if "hidden_size" in section:
            section["num_hidden_layers"] = LAYERS
        return
    before = section[key]
    lists = {
        name: value
        for name, value in section.items()
        if isinstance(value, list) and len(value) == before and before > 1
    }
    kept: list[int] = []
    seen: set[tuple[str, str]] = set()
    for index in range(before):
        kinds = {(name, str(lists[name][index])) for name in _LAYER_KINDS if name in lists}
        if kinds - seen:
            kept.append(index)
            seen |= kinds
    spare = (index for index in range(before) if index not in set(kept))
    while len(kept) < min(LAYERS, before):
        kept.append(next(spare))
    kept.sort()
    section[key] = len(kept)
    for name, value in lists.items():
        section[name] = [value[index] for index in kept]
    for name in _LAYER_NUMBERS:
        if isinstance(section.get(name), list) and name not in lists:
            section[name] = [item for item in section[name] if _below(item, len(kept))]
    by_layer = section.get("per_layer_config")
    if isinstance(by_layer, dict):
        section["per_layer_config"] = {
            key: value for key, value in by_layer.items() if _below(key, len(kept))
        }


def _below(number: Any, count: int) -> bool:
    return str(number).isdigit() and int(number) < count


def _heads(section: dict[str, Any], written: dict[str, Any]) -> None:
    """Heads divide the width, and key-value heads the heads, as equal or grouped as ``written``.

    What is not written has a default that was made for a large model.
    """
    name = next((key for key in _HEAD_COUNTS if isinstance(section.get(key), int)), None)
    if name is None:
        if "hidden_size" not in section:
            return
        name = "num_attention_heads"
    narrowed = section.get("hidden_size") != written.get("hidden_size")
    if narrowed or name not in section:
        section[name] = HEADS
    heads, before = section[name], written.get(name)
    for key in _KV_HEADS:
        value = section.get(key)
        if isinstance(value, int) and not isinstance(value, bool):
            section[key] = heads if value == before else min(value, 2)
    ungrouped = section.get("model_type") in _NO_KV
    if name == "num_attention_heads" and not ungrouped and "num_key_value_heads" not in section:
        section["num_key_value_heads"] = heads
    if "kv_lora_rank" in section:
        section["num_key_value_heads"] = heads


def _rope(section: dict[str, Any]) -> None:
    """Factors that are listed by dimension are as many as the new head has."""
    head_dim = section.get("head_dim")
    dims = head_dim if isinstance(head_dim, int) else HEAD_DIM
    for key in ("rope_scaling", "rope_parameters"):
        value = section.get(key)
        if isinstance(value, dict):
            partial = (
                section.get("partial_rotary_factor") or value.get("partial_rotary_factor") or 1
            )
            for rope in (value, *(item for item in value.values() if isinstance(item, dict))):
                _fit_rope(rope, int(dims * partial) // 2)


def _fit_rope(rope: dict[str, Any], pairs: int) -> None:
    for name in ("short_factor", "long_factor"):
        if isinstance(rope.get(name), list):
            rope[name] = rope[name][:pairs]
    sections = rope.get("mrope_section")
    if isinstance(sections, list) and len(sections) == 3:
        rope["mrope_section"] = [pairs - 2 * (pairs // 3), pairs // 3, pairs // 3]
