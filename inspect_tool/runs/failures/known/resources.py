"""Runs that ended for want of memory or disk."""

from __future__ import annotations

from inspect_tool.runs.failures.known.rule import Rule, Source, said

RULES = (
    Rule(
        code="F-CUDA-MEMORY",
        pattern=said(r"CUDA out of memory|CUDNN_STATUS_NOT_SUPPORTED|CUDA error: out of memory"),
        cause="the GPU's memory is full",
        fix="lower micro_batch_size, eval_batch_size or sequence_len, turn on "
        "gradient_checkpointing, or train an adapter on a quantized model",
        keys=("micro_batch_size", "eval_batch_size", "sequence_len", "gradient_checkpointing"),
        anywhere=True,
        source=Source("accelerate", "utils/memory.py", "CUDA out of memory."),
    ),
    Rule(
        code="F-HOST-MEMORY",
        pattern=said(
            r"DefaultCPUAllocator: can't allocate memory|Cannot allocate memory|"
            r"^MemoryError|_ArrayMemoryError|Unable to allocate .* for an array|std::bad_alloc"
        ),
        cause="the machine's memory is full",
        fix="lower micro_batch_size or sequence_len, use a smaller model, or end other programs",
        keys=("micro_batch_size", "sequence_len", "base_model"),
        anywhere=True,
        source=Source(
            "accelerate", "utils/memory.py", "DefaultCPUAllocator: can't allocate memory"
        ),
    ),
    Rule(
        code="F-DISK-FULL",
        pattern=said(r"No space left on device|Disk quota exceeded|\[Errno 27\] File too large"),
        cause="the disk is full",
        fix="make room where output_dir, dataset_prepared_path and the caches lie",
        keys=("output_dir", "dataset_prepared_path"),
        anywhere=True,
    ),
)
