"""How the processes are divided between data, tensor and context parallelism."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from inspect_tool.findings import Finding
from inspect_tool.scale.batch import whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.scale.preflight.case import Case

CODES: Final = ("P-MESH",)

SIZES: Final = (
    "tensor_parallel_size",
    "context_parallel_size",
    "expert_parallel_size",
    "dp_replicate_size",
    "dp_shard_size",
)


def look(case: Case) -> Iterator[Finding]:
    """The sizes multiply to the processes; replicas without shards are passed over in silence."""
    sizes = {key: whole(case.values.get(key)) for key in SIZES}
    written = {key: size for key, size in sizes.items() if size}
    product = math.prod(written.values())
    total = case.fleet.processes
    if written.get("dp_replicate_size", 1) > 1 and not case.fsdp:
        yield Finding(
            code="P-MESH",
            severity="warning",
            message="dp_replicate_size without fsdp_config is ignored: the run is plain DDP",
            key="dp_replicate_size",
            fix="take it out, or set fsdp_config and dp_shard_size",
        )
        return
    exact = "dp_shard_size" in written
    if product > 1 and (product != total if exact else total % product != 0):
        names = " x ".join(f"{key} {size}" for key, size in written.items())
        yield Finding(
            code="P-MESH",
            severity="error",
            message=f"{names} is {product}, which does not make {total} processes: the mesh is "
            "refused when the run starts",
            key=next(reversed(written)),
            fix=f"sizes whose product is {total}",
        )
