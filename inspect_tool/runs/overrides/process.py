"""What keeps a debug run to one process, on this machine, writing in its own folder alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from inspect_tool.runs.overrides.draft import Draft

TRACKERS = ("wandb", "mlflow", "comet", "trackio", "swanlab", "neptune", "otel")
PUBLISHING = (
    "hub_model_id",
    "push_to_hub",
    "push_to_hub_model_id",
    "push_dataset_to_hub",
    "hub_strategy",
    "hub_revision",
    "hub_private_repo",
    "hub_always_push",
)
"""Axolotl creates the Hub repository before the first step when one of them names it."""
DISTRIBUTED = (
    "deepspeed",
    "deepcompile",
    "fsdp",
    "fsdp_config",
    "fsdp_version",
    "fsdp_final_state_dict_type",
    "context_parallel_size",
    "sequence_parallel_degree",
    "tensor_parallel_size",
    "expert_parallel_size",
    "dp_shard_size",
    "dp_replicate_size",
    "ring_attn_func",
    "heads_k_stride",
    "tiled_mlp",
    "accelerator_config",
    "use_ray",
    "ray_run_name",
    "ray_num_workers",
    "resources_per_worker",
    "ddp",
    "ddp_timeout",
    "ddp_bucket_cap_mb",
    "ddp_broadcast_buffers",
    "ddp_find_unused_parameters",
    "local_rank",
    "world_size",
    "device_map",
    "max_memory",
    "gpu_memory_limit",
    "low_cpu_mem_usage",
    "torchdistx_path",
)
RESUMING = ("resume_from_checkpoint", "auto_resume_from_checkpoints", "lora_model_dir")

GUARDED = ("output_dir", "dataset_prepared_path", *PUBLISHING)
"""Keeping one of these writes outside the run's folder."""


def is_tracker(key: str) -> bool:
    """Tell whether a key belongs to an experiment tracker or a metrics server."""
    name = key.removeprefix("use_")
    return any(name == tracker or name.startswith(f"{tracker}_") for tracker in TRACKERS)


def one_process(draft: Draft) -> None:
    """One process: breakpoints in children are lost, and one is enough to see what happens."""
    draft.set(
        "dataset_num_proc",
        0,
        "tokenised in this process; 1 already forks a worker, which loses breakpoints",
    )
    draft.remove("dataset_num_proc says it now", "dataset_processes")
    draft.set("dataloader_num_workers", 0, "batches are collated in this process")
    draft.remove("there are no dataloader workers", "dataloader_prefetch_factor")
    draft.set("dataloader_pin_memory", False, "pinning runs in a thread of its own")
    draft.remove("one process on one device", *DISTRIBUTED)
    if draft.get("strict"):
        draft.remove("it forbids changes from the command line", "strict")


def own_folder(draft: Draft, folder: Path) -> None:
    """Everything is written below the run's folder; yours are neither read from nor written to."""
    draft.set("output_dir", str(folder / "out"), "your output folder is not written")
    draft.set(
        "dataset_prepared_path",
        str(folder / "prepared"),
        "a fresh cache, so that tokenising really happens; yours is not written",
    )
    draft.remove("starts from the beginning", *RESUMING)
    draft.remove("nothing leaves this machine", *PUBLISHING)
    trackers = [key for key in draft.values if is_tracker(key)]
    draft.remove("logs to no tracker; false does not turn it off", *trackers)
    draft.remove("metrics are recorded in the run's folder", "use_tensorboard", "report_to")
