"""Whether many processes saw in each step the rows that one process sees, each exactly once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tool.findings import Finding
from inspect_tool.scale.rehearsal.recorded import batches_of, rows_of

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator

    from inspect_tool.scale.rehearsal.facts import Rank, Training
    from inspect_tool.scale.rehearsal.recorded import Recorded

_MEAN = "axolotl's loss is the mean of micro batches' means, so how rows are grouped counts"


def find_settings(recorded: Recorded) -> Iterator[Finding]:
    """Yield differences between the two runs that make every number differ."""
    one, many = recorded.reference, recorded.trainings
    if recorded.whole_steps == 0:
        yield _error(
            "R-FEW-ROWS",
            f"{_filled(one)} do not fill one step of {_step(one)}: nothing can be compared",
            key="datasets",
            fix="rehearse with more rows, or fewer processes",
        )
        return
    if any(training.data != one.data for training in many):
        yield _error(
            "R-DATA", "the two runs, or two ranks, prepared different rows", key="datasets"
        )
    seeds = sorted({training.seed for training in many} | {one.seed})
    if len(seeds) > 1:
        yield _error("R-SEED", f"seeds differ: {', '.join(map(str, seeds))}", key="seed")
    micro = sorted({training.micro_batch for training in many} - {one.micro_batch})
    if micro:
        yield _error(
            "R-MICRO-BATCH",
            f"micro batches of {micro[0]} rows instead of {one.micro_batch} "
            f"({_times(micro[0], one.micro_batch)}): another objective",
            key="micro_batch_size",
            fix=_MEAN,
        )
    yield from _accumulation(recorded)
    steps = sorted({len(rank.steps) for rank in recorded.many} - {len(recorded.one.steps)})
    if steps and all(rank.ended for rank in recorded.many):
        taken = len(recorded.one.steps)
        yield _error("R-STEPS", f"{steps[0]} optimizer steps instead of {taken}", key="max_steps")


def _accumulation(recorded: Recorded) -> Iterator[Finding]:
    """Count micro batches really trained: the setting alone may say something else."""
    for one, ranks in recorded.pairs[:1]:
        wanted = len(one.batches)
        seen = sum(len(step.batches) for step in ranks)
        if wanted and seen != wanted:
            processes = recorded.fleet.processes
            yield _error(
                "R-ACCUMULATION",
                f"{_times(seen, wanted)} as many micro batches a step as on one process: "
                f"{seen} instead of {wanted} over {processes} processes",
                key="gradient_accumulation_steps",
                fix="divide gradient_accumulation_steps by the number of processes, to the same "
                "global batch, or choose the learning rate for the other one",
            )


def find(recorded: Recorded) -> Iterator[Finding]:
    """Yield rows that repeat, that nobody saw, or that came in another step."""
    drawn = _drawn(recorded)
    repeated = (drawn,) if drawn else tuple(_repeated(recorded))
    yield from repeated
    if repeated:
        return
    for one, ranks in recorded.pairs:
        wanted, seen = rows_of((one,)), rows_of(ranks)
        if wanted != seen:
            yield _other_rows(recorded, one.step, wanted, seen)
            return
        if batches_of((one,)) != batches_of(ranks):
            yield _error(
                "R-MICRO-BATCH",
                f"step {one.step} has the same rows in other micro batches: another objective",
                key="micro_batch_size",
                fix=_MEAN,
            )
            return


def _drawn(recorded: Recorded) -> Finding | None:
    """Say that an order which is not drawn from the seed differs, where it does."""
    settings = (recorded.reference, *recorded.trainings)
    if all(training.seedable is not False for training in settings):
        return None
    for one, ranks in recorded.pairs:
        if rows_of((one,)) != rows_of(ranks):
            return _error(
                "R-ORDER",
                f"from step {one.step} on other rows: their order depends on each process's own "
                "random state, not on the seed alone",
                key="accelerator_config.use_seedable_sampler",
                fix="leave use_seedable_sampler on",
            )
    return None


def _repeated(recorded: Recorded) -> Iterator[Finding]:
    """Find rows that come again before all others have come."""
    once = rows_of(tuple(one for one, _ in recorded.pairs))
    seen = rows_of(tuple(step for _, ranks in recorded.pairs for step in ranks))
    copies = recorded.one.copies
    again = {n for n, count in seen.items() if count > max(copies.get(n, 1), once[n])}
    if not again:
        return
    ranks = sorted(rank.process.rank for rank in recorded.many if _own(rank) & again)
    who = (
        f"rank {ranks[0]} trains rows that it has trained before"
        if ranks
        else "ranks train the same rows as each other: the data is not dealt out among them"
    )
    missing = once.keys() - seen.keys()
    yield Finding(
        code="R-REPEATED",
        severity="error",
        message=f"{who}; {len(again)} rows come twice, {len(missing)} never",
        count=len(again),
        rows=_numbers(recorded.many, again),
    )


def _own(rank: Rank) -> set[str]:
    """Return the rows that a rank saw more than once, beyond the split's own copies."""
    return {n for n, count in rows_of(rank.steps).items() if count > rank.copies.get(n, 1)}


def _other_rows(recorded: Recorded, step: int, wanted: Counter[str], seen: Counter[str]) -> Finding:
    missing = wanted - seen
    unseen = missing.keys() - rows_of(tuple(s for r in recorded.many for s in r.steps)).keys()
    rows = _numbers((recorded.one,), set(missing))
    if step == recorded.one.steps[0].step and len(unseen) == missing.total():
        return _error(
            "R-ORDER", f"step {step} has {len(unseen)} other rows: another order", rows=rows
        )
    return _error(
        "R-MISSING",
        f"step {step} lacks {missing.total()} of {wanted.total()} rows that one process sees in it",
        rows=rows,
        fix="a shard that is not read, or rows dealt out in another way (accelerator_config)",
    )


def remarks(recorded: Recorded) -> Iterator[Finding]:
    """Yield what was not compared."""
    taken, whole = len(recorded.one.steps), recorded.whole_steps
    if whole is not None and 0 < whole < taken:
        yield Finding(
            code="R-FEW-ROWS",
            severity="info",
            message=f"{whole} of {taken} steps are compared: {_filled(recorded.reference)} fill "
            "no more, and what is left over is dealt out differently",
            key="datasets",
        )


def _filled(one: Training) -> str:
    """Say what there is to fill steps with."""
    rows = f"{one.rows} rows"
    return rows if one.packs is None else f"{rows} in {one.packs} micro batches of packs"


def _step(one: Training) -> int:
    return one.accumulation * (one.micro_batch if one.packs is None else 1)


def _numbers(ranks: tuple[Rank, ...], ids: set[str]) -> tuple[int, ...]:
    found = {
        row
        for rank in ranks
        for batch in rank.batches
        for name, row in zip(batch.ids, batch.rows, strict=True)
        if name in ids and row is not None
    }
    return tuple(sorted(found))


def _times(many: int, one: int) -> str:
    return f"{many / one:g} times" if one else "some"


def _error(
    code: str,
    message: str,
    *,
    key: str | None = None,
    rows: tuple[int, ...] = (),
    fix: str = "",
) -> Finding:
    return Finding(code, "error", message, count=len(rows), rows=rows, key=key, fix=fix)
