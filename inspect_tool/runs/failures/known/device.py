"""Kernels, precisions and libraries that this machine's device does not have."""

from __future__ import annotations

from inspect_tool.runs.failures.known.rule import Rule, Source, said

RULES = (
    Rule(
        code="F-ATTENTION",
        pattern=said(r"(?P<name>FlashAttention\d?) has been toggled on, but it cannot be used"),
        cause="{name} is not installed for this Python, torch and CUDA",
        fix="install flash-attn, or set attn_implementation: sdpa",
        keys=("attn_implementation", "flash_attention"),
    ),
    Rule(
        code="F-ATTENTION",
        pattern=said(r"_upad_input\(\)"),
        frame="attention/xformers.py",
        cause="xformers attention does not work with this transformers and device",
        fix="set attn_implementation: sdpa, or flash_attention_2 on a GPU that has it",
        keys=("xformers_attention", "attn_implementation"),
    ),
    Rule(
        code="F-ATTENTION",
        pattern=said(
            r"FlexAttention does not support backward on CPU|SageAttention.*(?:support|req)"
        ),
        cause="this attention cannot train on this device",
        fix="set attn_implementation: sdpa",
        keys=("attn_implementation", "flex_attention", "sage_attention"),
    ),
    Rule(
        code="F-BF16",
        pattern=said(r"Your setup doesn't support bf16"),
        cause="this device has no bfloat16",
        fix="set bf16: false (and fp16: true on an older GPU); on a CPU leave both false",
        keys=("bf16", "bfloat16"),
    ),
    Rule(
        code="F-TF32",
        pattern=said(r"--tf32 requires Ampere"),
        cause="this device has no TF32",
        fix="set tf32: false",
        keys=("tf32",),
    ),
    Rule(
        code="F-PRECISION",
        pattern=said(
            r"mat1 and mat2 must have the same dtype|expected m1 and m2 to have the same dtype|"
            r"expected scalar type \w+ but found|not implemented for 'Half'"
        ),
        cause="weights and activations have different precisions",
        fix="set fp16: false and bf16: false on a CPU (bf16: auto turns fp16 on where there is no "
        "GPU); on a GPU set one of them, not both",
        keys=("fp16", "bf16", "torch_dtype"),
    ),
    Rule(
        code="F-NO-CUDA",
        pattern=said(r"\d active drivers \("),
        cause="a Triton kernel was run, and there is no GPU for it",
        fix="on a CPU leave plugins with kernels out (Liger, cut cross entropy); a debug run does",
        keys=("plugins", "lora_mlp_kernel"),
    ),
    Rule(
        code="F-NO-CUDA",
        pattern=said(
            r"Torch not compiled with CUDA enabled|_cuda_getCurrentRawStream|_cuda_setDevice"
        ),
        cause="a kernel that only a GPU has was run on a CPU",
        fix="on a CPU set lora_mlp_kernel, lora_qkv_kernel and lora_o_kernel to false (they are on "
        "for LoRA unless set) and leave 4-bit weights out; a debug run does",
        keys=("lora_mlp_kernel", "lora_qkv_kernel", "lora_o_kernel", "load_in_4bit", "adapter"),
    ),
    Rule(
        code="F-NO-GPU",
        pattern=said(
            r"Cannot access accelerator device when none is available|No CUDA GPUs are available|"
            r"Found no NVIDIA driver|No GPU found|'NoneType' object has no attribute 'type'"
        ),
        cause="the config wants a GPU, and this process sees none",
        fix="`inspect-tool doctor` says what is seen; CUDA_VISIBLE_DEVICES may hide it; on a CPU "
        "leave gpu_memory_limit, device_map and offloading of activations out",
        keys=("gpu_memory_limit", "gradient_checkpointing", "activation_offloading", "device_map"),
    ),
    Rule(
        code="F-CUDA-DEVICE",
        pattern=said(r"invalid device ordinal"),
        cause="there are more processes than GPUs",
        fix="start as many processes as GPUs are visible",
        keys=("device_map",),
        source=Source(
            "torch",
            "testing/_internal/distributed/nn/api/remote_module_test.py",
            "CUDA error: invalid device ordinal",
        ),
    ),
    Rule(
        code="F-CUDA-BUILD",
        pattern=said(
            r"no kernel image is available|undefined symbol: |CUDA driver version is insufficient|"
            r"libcu\w+\.so[.\d]*: cannot open shared object"
        ),
        cause="a compiled library was built for another torch, CUDA or GPU",
        fix="reinstall it for the torch that is installed: `inspect-tool doctor` lists versions",
        keys=("attn_implementation", "flash_attention", "plugins"),
        source=Source("torch", "__init__.py", "libcublasLt.so"),
    ),
    Rule(
        code="F-4BIT-SHAPE",
        pattern=said(r"N must be divisible by block_n"),
        cause="a 4-bit layer of this model is too small for the kernel",
        fix="leave load_in_4bit out for a tiny model; a debug run on a CPU does",
        keys=("load_in_4bit", "adapter"),
        source=Source("bitsandbytes", "functional.py", "N must be divisible by block_n"),
    ),
)
