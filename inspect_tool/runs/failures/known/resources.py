"""Runs that ended for want of memory, of disk, of a file, or of the right to write."""

from __future__ import annotations

from inspect_tool.runs.failures.known.rule import Rule, Source, said

RULES = (
    Rule(
        code="F-CUDA-MEMORY",
        pattern=said(
            r"CUDA out of memory|CUDA error: out of memory|CUBLAS_STATUS_ALLOC_FAILED|"
            r"CUDNN_STATUS_NOT_SUPPORTED|MPS backend out of memory"
        ),
        cause="the GPU's memory is full",
        fix="lower micro_batch_size, eval_batch_size or sequence_len, turn on "
        "gradient_checkpointing, train an adapter on a quantized model, or use more GPUs",
        keys=("micro_batch_size", "eval_batch_size", "sequence_len", "gradient_checkpointing"),
        where="line",
        source=Source("accelerate", "utils/memory.py", '" out of memory."'),
    ),
    Rule(
        code="F-HOST-MEMORY",
        pattern=said(
            r"DefaultCPUAllocator: can't allocate memory|Cannot allocate memory|"
            r"^MemoryError|ArrayMemoryError|Unable to allocate .* for an array|std::bad_alloc"
        ),
        cause="the machine's memory is full",
        fix="lower micro_batch_size or sequence_len, use a smaller model, or end other programs",
        keys=("micro_batch_size", "sequence_len", "overrides_of_model_config", "base_model"),
        where="line",
    ),
    Rule(
        code="F-SHARED-MEMORY",
        pattern=said(r"out of shared memory|killed by signal: Bus error|exitcode: -7\b"),
        cause="shared memory is full",
        fix="give the container more (docker run --shm-size=8g or --ipc=host), or set "
        "dataloader_num_workers: 0",
        keys=("dataloader_num_workers",),
        where="line",
    ),
    Rule(
        code="F-OOM-KILLER",
        pattern=said(r"Killed process \d+|oom-kill|exitcode: -9|Signal 9 \(SIGKILL\)"),
        cause="a process was killed, most often for want of the machine's memory",
        fix="lower micro_batch_size or sequence_len, train on fewer processes, or give the machine "
        "or container more memory",
        keys=("micro_batch_size", "sequence_len", "base_model"),
        where="line",
        source=Source(
            "torch", "distributed/elastic/multiprocessing/errors/__init__.py", 'f"Signal {'
        ),
    ),
    Rule(
        code="F-DISK-FULL",
        pattern=said(
            r"No space left on device|Disk quota exceeded|File too large \(os error|\[Errno 27\]|"
            r"Not enough disk space"
        ),
        cause="there is no room on the disk",
        fix="make room where output_dir, dataset_prepared_path and the caches lie",
        keys=("output_dir", "dataset_prepared_path"),
        where="line",
    ),
    Rule(
        code="F-CANNOT-WRITE",
        pattern=said(
            r"(?:Permission|OS)Error: \[Errno (?:1|13|30)\] [^:\n]+(?:: '(?P<value>[^'\n]+)')?"
        ),
        cause="a file or folder may not be written or read: {value}",
        fix="give that path the right owner, or name another in output_dir, "
        "dataset_prepared_path or HF_HOME",
        keys=("output_dir", "dataset_prepared_path"),
    ),
    Rule(
        code="F-NO-FILE",
        pattern=said(
            r"(?:FileNotFound|NotADirectory)Error: \[Errno \d+\] [^:]+: '(?P<value>[^'\n]+)'"
        ),
        cause="there is no file or folder {value}",
        fix="relative paths start from the folder that axolotl is run from",
        keys=("output_dir", "dataset_prepared_path", "datasets.0.path"),
    ),
)
