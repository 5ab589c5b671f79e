"""What the device at hand can do: precision, quantization, attention, kernels, optimizer.

From what each key does on a CPU under axolotl 0.19 when it is left as it is (PyPI builds).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inspect_tool.runs.device import Device
    from inspect_tool.runs.overrides.draft import Draft

LEGACY_ATTENTION = {
    "flash_attention": "flash_attention_2",
    "xformers_attention": "xformers",
    "flex_attention": "flex_attention",
    "sage_attention": "sage",
    "sdp_attention": "sdpa",
    "eager_attention": "eager",
}
"""Flags of before ``attn_implementation``; axolotl refuses both together."""
ATTENTION_PACKAGES = {
    "flash_attention_2": "flash_attn",
    "flash_attention_3": "flash_attn_interface",
    "xformers": "xformers",
    "sage": "sageattention",
}
EAGER_ONLY = frozenset({"gpt_oss"})
"""Architectures whose attention transformers computes only eagerly without a GPU kernel."""
ATTENTION_EXTRAS = (
    "flash_attn_cross_entropy",
    "flash_attn_fuse_mlp",
    "flash_attn_rms_norm",
    "flash_attn_d512",
    "flash_optimum",
    "fused_attn_kernel",
    "gemma4_hybrid_attn_impl",
    "flex_attn_compile_kwargs",
    "large_head_attention",
    "sdpa_varlen",
)
QUANTIZATION = (
    "load_in_8bit",
    "load_in_4bit",
    "quantize_moe_experts",
    "gptq",
    "gptq_model_v1",
    "gptq_groupsize",
    "gptq_disable_exllama",
    "bnb_config_kwargs",
    "model_quantization_config",
    "model_quantization_config_kwargs",
    "qat",
    "quantization",
    "fp8",
    "fp8_config",
    "fp8_enable_fsdp_float8_all_gather",
    "use_onebitllms",
    "nvfp4_merge_aware",
)
PORTABLE_OPTIMIZERS = frozenset(
    {"adamw_torch", "sgd", "adafactor", "adagrad", "rmsprop", "adamw_hf"}
)
"""Optimizers that torch and transformers have on any device."""
CUDA_PLUGINS = (
    "liger",
    "cut_cross_entropy",
    "kernels",
    "densemixer",
    "expert_parallel",
    "llm_compressor",
)
OUTSIDE_PLUGINS = ("swanlab", "lm_eval", "hatchery")
"""Plugins that report elsewhere, or evaluate with another program at the end."""
KERNEL_KEYS = (
    "liger_",
    "cut_cross_entropy",
    "chunked_cross_entropy",
    "use_kernels",
    "use_scattermoe",
    "use_sonicmoe",
    "scattermoe",
    "sonicmoe",
    "use_dsv4_kernels",
    "use_glm_dsa_kernels",
    "experts_implementation",
    "dsv4_",
    "expert_parallel_",
)
LORA_KERNELS = ("lora_mlp_kernel", "lora_qkv_kernel", "lora_o_kernel", "lora_embedding_kernel")
MEMORY_SAVERS = (
    "activation_offloading",
    "layer_offloading",
    "embeddings_skip_upcast",
    "gradient_checkpointing_kwargs",
    "selective_checkpointing",
    "unsloth",
    "lora_on_cpu",
    "ple_cpu_offload",
    "experimental_skip_move_to_device",
)


def fit(draft: Draft, device: Device, *, tiny: bool, architecture: str | None) -> None:
    """Change what ``device`` cannot do, and what a tiny model has no use for."""
    _precision(draft, device, tiny=tiny)
    _quantization(draft, device, tiny=tiny)
    _attention(draft, device, architecture=architecture)
    _kernels(draft, device, tiny=tiny)
    _optimizer(draft, device)
    saver = "the forward pass runs once, as written, so that a breakpoint stops once"
    if draft.get("gradient_checkpointing"):
        draft.set("gradient_checkpointing", False, saver)
    draft.remove(saver, *MEMORY_SAVERS)
    if draft.get("torch_compile"):
        draft.set("torch_compile", False, "compiled code cannot be stepped through")
    draft.remove("nothing is compiled", "torch_compile_backend", "torch_compile_mode")


def _precision(draft: Draft, device: Device, *, tiny: bool) -> None:
    if device.kind == "cpu" or tiny or not device.bf16:
        why = "float32 runs on every device; unset, axolotl turns half precision on by itself"
        draft.set("bf16", False, why)
        draft.set("fp16", False, why)
        draft.remove(why, "bfloat16", "float16", "torch_dtype")
    if device.kind == "cpu" and draft.get("tf32"):
        draft.set("tf32", False, "only GPUs compute in TF32")


def _quantization(draft: Draft, device: Device, *, tiny: bool) -> None:
    if device.kind == "cuda" and not tiny:
        return
    reason = (
        "a tiny model of random weights has nothing to quantize"
        if tiny
        else "quantized kernels need a GPU"
    )
    if draft.get("adapter") == "qlora":
        draft.set("adapter", "lora", reason)
    for key in ("load_in_4bit", "load_in_8bit"):
        if draft.get(key):
            draft.set(key, False, reason)
    draft.remove(reason, *(key for key in QUANTIZATION if draft.get(key) is not False))


def _attention(draft: Draft, device: Device, *, architecture: str | None) -> None:
    flags = [key for key in LEGACY_ATTENTION if draft.get(key)]
    wanted = draft.get("attn_implementation") or (LEGACY_ATTENTION[flags[0]] if flags else None)
    portable = "eager" if architecture in EAGER_ONLY else "sdpa"
    package = ATTENTION_PACKAGES.get(str(wanted))
    if device.kind == "cuda" and wanted and (package is None or package in device.packages):
        return
    if wanted in ("sdpa", "eager") and portable == "sdpa":
        portable = str(wanted)
    draft.set("attn_implementation", portable, f"attention that {device.name} has")
    draft.remove("attn_implementation says it now", *LEGACY_ATTENTION)
    draft.remove("belongs to another attention", *ATTENTION_EXTRAS)


def _kernels(draft: Draft, device: Device, *, tiny: bool) -> None:
    plugins = draft.get("plugins")
    if isinstance(plugins, list):
        unfit = (*OUTSIDE_PLUGINS, *(CUDA_PLUGINS if device.kind == "cpu" or tiny else ()))
        left = [name for name in plugins if not _is_one_of(str(name), unfit)]
        if left != plugins:
            reason = "fused kernels need a GPU and hide what is computed"
            _set_or_remove(draft, "plugins", left, f"{reason}; reports stay here")
    if device.kind == "cpu" or tiny:
        reason = "plain torch: fused kernels need a GPU and cannot be stepped through"
        draft.remove(reason, *[key for key in draft.values if key.startswith(KERNEL_KEYS)])
        if draft.get("adapter"):
            for key in LORA_KERNELS:
                draft.set(key, False, f"{reason}; unset, axolotl turns them on")


def _optimizer(draft: Draft, device: Device) -> None:
    optimizer = draft.get("optimizer")
    if optimizer is None or str(optimizer) in PORTABLE_OPTIMIZERS:
        return
    if device.kind == "cuda" and _is_installed(str(optimizer), device):
        return
    draft.set("optimizer", "adamw_torch", f"{optimizer} needs a GPU or a package that is not here")
    draft.remove("belongs to another optimizer", "optim_args", "optim_target_modules")


def _is_installed(optimizer: str, device: Device) -> bool:
    if "bnb" in optimizer or "8bit" in optimizer or "paged" in optimizer:
        return "bitsandbytes" in device.packages
    if "galore" in optimizer:
        return "galore_torch" in device.packages
    return optimizer != "came_pytorch" or "came_pytorch" in device.packages


def _is_one_of(plugin: str, names: tuple[str, ...]) -> bool:
    return any(f"integrations.{name}" in plugin for name in names)


def _set_or_remove(draft: Draft, key: str, value: list[object], reason: str) -> None:
    if value:
        draft.set(key, value, reason)
    else:
        draft.remove(reason, key)
