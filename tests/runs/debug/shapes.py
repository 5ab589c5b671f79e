"""What the config.json of real models of each family say, as far as their size goes."""

from __future__ import annotations

from typing import Any

_PLAIN = {"hidden_act": "silu", "tie_word_embeddings": False, "dtype": "bfloat16"}


def _shape(width: int, inner: int, layers: int, heads: int, groups: int, **more: Any) -> Any:
    return {
        **_PLAIN,
        "hidden_size": width,
        "intermediate_size": inner,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": groups,
        "vocab_size": 1000,
        **more,
    }


LONG = {"type": "longrope", "short_factor": [1.0] * 48, "long_factor": [2.0] * 48}
LLAMA3 = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192,
}
LATENT = {
    "kv_lora_rank": 512,
    "q_lora_rank": 1536,
    "qk_nope_head_dim": 128,
    "qk_rope_head_dim": 64,
    "v_head_dim": 128,
    "n_shared_experts": 1,
    "num_experts_per_tok": 8,
    "moe_intermediate_size": 2048,
    "first_k_dense_replace": 3,
}
GEMMA3 = {
    "model_type": "gemma3_text",
    "hidden_size": 2560,
    "intermediate_size": 10240,
    "num_hidden_layers": 34,
    "sliding_window": 1024,
    "vocab_size": 1000,
}
SIGLIP = {
    "model_type": "siglip_vision_model",
    "hidden_size": 1152,
    "intermediate_size": 4304,
    "num_hidden_layers": 27,
    "num_attention_heads": 16,
    "image_size": 896,
    "patch_size": 14,
}

SHAPES: dict[str, dict[str, Any]] = {
    "llama-2": _shape(4096, 11008, 32, 32, 32),
    "llama-2-no-groups": {
        key: value
        for key, value in _shape(4096, 11008, 32, 32, 32).items()
        if key != "num_key_value_heads"
    },
    "llama-3.1": _shape(4096, 14336, 32, 32, 8, rope_scaling=LLAMA3, head_dim=128),
    "mistral": _shape(4096, 14336, 32, 32, 8, sliding_window=4096),
    "mixtral": _shape(4096, 14336, 32, 32, 8, num_local_experts=8, num_experts_per_tok=2),
    "qwen2": _shape(3584, 18944, 28, 28, 4, max_window_layers=28),
    "qwen2_moe": _shape(
        2048,
        5632,
        24,
        16,
        16,
        num_experts=60,
        num_experts_per_tok=4,
        moe_intermediate_size=1408,
        shared_expert_intermediate_size=5632,
        decoder_sparse_step=1,
    ),
    "qwen3": _shape(4096, 12288, 36, 32, 8, head_dim=128, layer_types=["full_attention"] * 36),
    "qwen3_moe": _shape(
        2048,
        6144,
        48,
        32,
        4,
        head_dim=128,
        num_experts=128,
        num_experts_per_tok=8,
        moe_intermediate_size=768,
        mlp_only_layers=[],
    ),
    "gemma": _shape(3072, 24576, 28, 16, 16, head_dim=256),
    "gemma2": _shape(2304, 9216, 26, 8, 4, head_dim=256, sliding_window=4096),
    "gemma3_text": {
        **_shape(1152, 6912, 26, 4, 1, head_dim=256, sliding_window=512),
        "layer_types": (["sliding_attention"] * 5 + ["full_attention"]) * 4
        + ["sliding_attention"] * 2,
    },
    "gemma3": {"dtype": "bfloat16", "text_config": GEMMA3, "vision_config": SIGLIP},
    "phi3": _shape(
        3072,
        8192,
        32,
        32,
        32,
        rope_scaling=LONG,
        pad_token_id=0,
        original_max_position_embeddings=4096,
    ),
    "gpt_neox": {
        "hidden_size": 2560,
        "intermediate_size": 10240,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "rotary_pct": 0.25,
        "vocab_size": 1000,
    },
    "falcon": {
        "hidden_size": 4544,
        "num_hidden_layers": 32,
        "num_attention_heads": 71,
        "multi_query": True,
        "vocab_size": 1000,
    },
    "cohere": _shape(8192, 22528, 40, 64, 64, logit_scale=0.0625),
    "granite": _shape(2048, 8192, 40, 32, 8, attention_multiplier=0.015625),
    "olmo": _shape(4096, 11008, 32, 32, 32),
    "olmo2": _shape(4096, 11008, 32, 32, 32),
    "deepseek_v2": _shape(
        5120, 12288, 60, 128, 128, n_routed_experts=160, n_group=8, topk_group=3, **LATENT
    ),
    "deepseek_v3": _shape(
        7168,
        18432,
        61,
        128,
        128,
        n_routed_experts=256,
        n_group=8,
        topk_group=4,
        num_nextn_predict_layers=1,
        quantization_config={"quant_method": "fp8"},
        auto_map={"AutoModel": "modeling.Model"},
        **LATENT,
    ),
    "gpt_oss": _shape(
        2880,
        2880,
        24,
        64,
        8,
        head_dim=64,
        num_local_experts=32,
        num_experts_per_tok=4,
        layer_types=["sliding_attention", "full_attention"] * 12,
    ),
    "smollm3": _shape(2048, 11008, 36, 16, 4, no_rope_layers=[1, 1, 1, 0] * 9, pad_token_id=0),
    "cohere2": _shape(
        4096,
        14336,
        32,
        32,
        8,
        head_dim=128,
        layer_types=["sliding_attention"] * 31 + ["full_attention"],
    ),
    "qwen3_next": _shape(
        2048,
        5120,
        48,
        16,
        2,
        head_dim=256,
        num_experts=512,
        num_experts_per_tok=10,
        moe_intermediate_size=512,
        shared_expert_intermediate_size=512,
        layer_types=(["linear_attention"] * 3 + ["full_attention"]) * 12,
        linear_num_key_heads=16,
        linear_num_value_heads=32,
    ),
    "granitemoehybrid": _shape(
        4096,
        12288,
        40,
        32,
        8,
        num_local_experts=72,
        num_experts_per_tok=10,
        mamba_n_heads=128,
        mamba_d_head=64,
        layer_types=(["mamba"] * 9 + ["attention"]) * 4,
        position_embedding_type="nope",
    ),
}
"""By a name of ours; the part before the first hyphen is transformers' model type."""


def config_of(name: str) -> dict[str, Any]:
    """Return the config.json of one of them."""
    return {"model_type": name.partition("-")[0], **SHAPES[name]}
