"""Whether the processes are what was asked for, by what each says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tool.findings import Finding
from inspect_tool.scale.fleet import Strategy
from inspect_tool.scale.strategy import STAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.scale.rehearsal.facts import Process
    from inspect_tool.scale.rehearsal.recorded import Recorded

_NO_GPU = "without a GPU accelerate starts copies that do not share; GPUs are needed, or gloo"


def find(recorded: Recorded) -> Iterator[Finding]:
    """Yield what is wrong with the processes; the worst alone where the others follow from it."""
    wanted = recorded.fleet.processes
    ranks = [rank.process for rank in recorded.many]
    alone = [rank for rank in ranks if rank.distributed == "NO" or len(set(rank.heard)) < wanted]
    if len(ranks) != wanted:
        yield _error(
            "R-WORLD",
            f"{wanted} processes were asked for and {_count(len(ranks))} trained",
            fix="accelerate launch needs --multi_gpu, or a config file that says MULTI_GPU",
        )
    elif alone:
        kinds = ", ".join(sorted({rank.distributed for rank in alone}))
        yield _error(
            "R-ALONE",
            f"the {wanted} processes share no gradients (accelerate says {kinds}): each trained "
            "its own copy",
            fix=_NO_GPU,
        )
    else:
        yield from _engine(recorded, ranks)
        yield from _main(ranks)


def _engine(recorded: Recorded, ranks: list[Process]) -> Iterator[Finding]:
    strategy = recorded.fleet.strategy
    found = sorted({rank.distributed for rank in ranks})
    if not all(_is_type(kind, strategy) for kind in found):
        yield _error(
            "R-ENGINE",
            f"{strategy} was asked for and {', '.join(found)} trained",
            key=_KEYS[strategy],
        )
        return
    stages = {rank.stage for rank in ranks}
    if strategy.deepspeed and {STAGES.get(stage or 0) for stage in stages} != {strategy}:
        said = ", ".join(map(str, stages))
        yield _error(
            "R-ENGINE", f"{strategy} was asked for, DeepSpeed ran stage {said}", key="deepspeed"
        )
    backend = "nccl" if recorded.on_gpus else "gloo"
    others = sorted({str(rank.backend) for rank in ranks if backend not in str(rank.backend)})
    if others:
        yield _error("R-BACKEND", f"the processes talk over {', '.join(others)}, not {backend}")


def _main(ranks: list[Process]) -> Iterator[Finding]:
    mains = [rank.rank for rank in ranks if rank.main]
    if len(mains) != 1:
        said = f"ranks {', '.join(map(str, mains))} each take themselves" if mains else "none is"
        yield _error(
            "R-MAIN", f"one rank should be the main one: {said}; files are written that many times"
        )


_KEYS = {
    Strategy.DDP: "ddp",
    Strategy.FSDP: "fsdp_config",
    **dict.fromkeys((Strategy.ZERO1, Strategy.ZERO2, Strategy.ZERO3), "deepspeed"),
}


def _is_type(distributed: str, strategy: Strategy) -> bool:
    if strategy is Strategy.FSDP:
        return distributed == "FSDP"
    return distributed == "DEEPSPEED" if strategy.deepspeed else distributed.startswith("MULTI_")


def _count(number: int) -> str:
    return "none" if number == 0 else str(number)


def _error(code: str, message: str, *, key: str | None = None, fix: str = "") -> Finding:
    return Finding(code=code, severity="error", message=message, key=key, fix=fix)
