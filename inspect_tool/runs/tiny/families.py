"""Architectures by name, for ``--like``: what a config.json of each says before it is shrunk."""

from __future__ import annotations

from typing import Any

from inspect_tool.errors import InspectError

_WIDE: dict[str, Any] = {
    "hidden_size": 4096,
    "intermediate_size": 11008,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "max_position_embeddings": 32768,
}
_NO_KV = {key: value for key, value in _WIDE.items() if key != "num_key_value_heads"}
_HEAD = {**_WIDE, "head_dim": 128}
_MIXTURE = {**_HEAD, "num_experts": 64, "num_experts_per_tok": 8, "moe_intermediate_size": 768}

FAMILIES: dict[str, dict[str, Any]] = {
    "llama": _WIDE,
    "mistral": _WIDE,
    "mixtral": {**_WIDE, "num_local_experts": 8, "num_experts_per_tok": 2},
    "qwen2": _WIDE,
    "qwen2_moe": {**_MIXTURE, "shared_expert_intermediate_size": 5632},
    "qwen3": _HEAD,
    "qwen3_moe": _MIXTURE,
    "gemma": {**_HEAD, "hidden_act": "gelu_pytorch_tanh"},
    "gemma2": {**_HEAD, "layer_types": ["sliding_attention", "full_attention"] * 16},
    "gemma3_text": {**_HEAD, "layer_types": ["sliding_attention", "full_attention"] * 16},
    "phi": _WIDE,
    "phi3": {**_WIDE, "pad_token_id": 0},
    "gpt_neox": _NO_KV,
    "falcon": {**_NO_KV, "num_kv_heads": 8, "new_decoder_architecture": True},
    "cohere": _WIDE,
    "cohere2": {**_HEAD, "layer_types": ["sliding_attention", "full_attention"] * 16},
    "granite": _WIDE,
    "olmo": _WIDE,
    "olmo2": _WIDE,
    "smollm3": {**_WIDE, "pad_token_id": 0},
    "deepseek_v2": {
        **_WIDE,
        "kv_lora_rank": 512,
        "q_lora_rank": 1536,
        "qk_nope_head_dim": 128,
        "qk_rope_head_dim": 64,
        "v_head_dim": 128,
        "head_dim": 64,
        "n_routed_experts": 64,
        "n_shared_experts": 2,
        "num_experts_per_tok": 6,
        "moe_intermediate_size": 1408,
        "first_k_dense_replace": 1,
        "n_group": 1,
        "topk_group": 1,
    },
}
FAMILIES["deepseek_v3"] = dict(FAMILIES["deepseek_v2"])

CLASSES = {
    "llama": "Llama",
    "mistral": "Mistral",
    "mixtral": "Mixtral",
    "qwen2": "Qwen2",
    "qwen2_moe": "Qwen2Moe",
    "qwen3": "Qwen3",
    "qwen3_moe": "Qwen3Moe",
    "gemma": "Gemma",
    "gemma2": "Gemma2",
    "gemma3_text": "Gemma3",
    "phi": "Phi",
    "phi3": "Phi3",
    "gpt_neox": "GPTNeoX",
    "falcon": "Falcon",
    "cohere": "Cohere",
    "cohere2": "Cohere2",
    "granite": "Granite",
    "olmo": "Olmo",
    "olmo2": "Olmo2",
    "smollm3": "SmolLM3",
    "deepseek_v2": "DeepseekV2",
    "deepseek_v3": "DeepseekV3",
}
"""How transformers begins the names of their classes."""

ALIASES = {
    "codellama": "llama",
    "llama2": "llama",
    "llama3": "llama",
    "qwen2.5": "qwen2",
    "gemma3": "gemma3_text",
    "deepseek": "deepseek_v3",
    "pythia": "gpt_neox",
    "phi4": "phi3",
}


def like(architecture: str, *, vocabulary: int) -> dict[str, Any]:
    """Return a config.json of ``architecture`` with that many token ids.

    Raises InspectError, with the known names, for any other.
    """
    wanted = architecture.lower().replace("-", "_")
    name = ALIASES.get(wanted, wanted)
    if name not in FAMILIES:
        known = ", ".join(sorted(FAMILIES))
        raise InspectError(
            f"--like {architecture}: not a known architecture", fix=f"one of {known}"
        )
    classes = [f"{CLASSES[name]}ForCausalLM"]
    pad = {"pad_token_id": None} if FAMILIES[name].get("pad_token_id") is None else {}
    known_as = {"model_type": name, "architectures": classes}
    return {**known_as, "vocab_size": vocabulary, **FAMILIES[name], **pad}
