"""An estimate of memory as text: parts, phases, whether it fits and what to change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tool.report.lines import heading, joined, printed
from inspect_tool.report.marks import marks_of
from inspect_tool.report.wrap import Segment
from inspect_tool.samples.glyphs import safe
from inspect_tool.scale.table import size_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from inspect_tool.report.look import Look
    from inspect_tool.scale.memory.gpus import Fit
    from inspect_tool.scale.memory.plain import PlainTable
    from inspect_tool.scale.memory.sized import Sized

_COLORS: dict[Fit, str] = {"fits": "1;32", "tight": "1;33", "does not fit": "1;31"}
_SAYS = {
    "weights": "the model's weights",
    "adapters": "LoRA and modules that are saved whole",
    "reference": "the frozen reference model",
    "gradients": "one for each trained parameter",
    "optimizer": "its state",
    "activations": "what layers keep for the backward pass",
    "logits": "the loss over the vocabulary",
    "communication": "buckets, and layers gathered from all GPUs",
    "step": "copies that the optimizer's step makes",
    "runtime": "CUDA's context and kernels, NCCL",
}
_LABEL = 15
_SIZE = 12


def memory_text(sized: Sized, look: Look) -> str:
    """Return the whole estimate."""
    return printed(_segments(sized, look), look)


def _segments(sized: Sized, look: Look) -> Iterator[Segment]:
    memory, fleet = sized.memory, sized.fleet
    trained = f"{_counted(memory.trained)} of {_counted(memory.parameters)} trained"
    where = f"{fleet.processes} x {fleet.strategy}" if fleet.processes > 1 else "1 process"
    yield from heading((sized.shape.architecture, trained, where), look)
    for part, most in memory.most.items():
        if most:
            yield from _row(part, most, _asides(part, sized), look)
    yield from _row("at the peak", memory.total, (f"in the {memory.peak} phase",), look, bold=True)
    if memory.host:
        yield from _row("host", memory.host, ("in each machine's own memory",), look)
    yield Segment("\n")
    yield from _verdict(sized, look)
    for note in memory.notes:
        yield from _line(f"note: {note}", look)
    for what in memory.unknown:
        yield from _line(f"unknown: {what}", look)


def _counted(parameters: int) -> str:
    """Return a number of parameters as people say it."""
    scale, name = (1e9, "billion") if parameters >= 1e9 else (1e6, "million")
    return f"{parameters / scale:.3g} {name}"


def _asides(part: str, sized: Sized) -> Iterator[str]:
    memory = sized.memory
    deepspeed = part == "optimizer" and sized.fleet.strategy.deepspeed
    yield f"{_SAYS[part]}, and float32 copies of weights" if deepspeed else _SAYS[part]
    if part == "activations":
        yield f"{size_text(memory.otherwise)} {memory.otherwise_key}"
    held = memory.per_gpu[part]
    if held != memory.most[part]:
        yield f"{size_text(held) if held else 'nothing'} of it at the peak"


def _row(
    name: str, size: int, asides: Iterable[str], look: Look, *, bold: bool = False
) -> Iterator[Segment]:
    label = f"  {name}".ljust(_LABEL) + size_text(size).rjust(_SIZE)
    yield Segment(label, "1" if bold and look.color else "")
    indent = "\n" + " " * (_LABEL + _SIZE + 2)
    yield Segment(f"  {indent.join(asides)}\n", "2" if look.color else "")


def _verdict(sized: Sized, look: Look) -> Iterator[Segment]:
    if sized.card is None or sized.fit is None:
        yield from _line("no GPU is here: --gpu NAME says whether it fits one", look)
        return
    share = sized.memory.total / sized.card.size
    said = (sized.fit, f"{share:.0%} of {sized.card.text}")
    yield Segment(joined(said, look) + "\n", _COLORS[sized.fit] if look.color else "")
    if sized.fit != "fits":
        yield from _changes(sized, look)


def _changes(sized: Sized, look: Look) -> Iterator[Segment]:
    enough = bool(sized.changes) and sized.changes[-1].fit == "fits"
    title = "with these, one upon the other, it fits" if enough else "not even these are enough"
    if not sized.changes:
        yield from _line("nothing that is known makes it smaller", look)
        return
    yield from _line(f"{title}:", look)
    for change in sized.changes:
        yield Segment("  " + size_text(change.total).rjust(10) + "  ")
        yield Segment(change.what, "1" if look.color else "")
        yield Segment(f"\n{' ' * 14}{change.costs}\n", "2" if look.color else "")


def _line(text: str, look: Look) -> Iterator[Segment]:
    yield Segment(joined((text,), look) + "\n")


def plain_text(table: PlainTable, name: str, look: Look) -> str:
    """Return accelerate's table: a line for each precision."""
    columns = ("dtype", "largest layer", "total", "model", "gradients", "backward", "step")
    rows = [
        (
            row.dtype,
            *(
                unit_text(size)
                for size in (
                    row.largest_layer,
                    row.total,
                    row.model,
                    row.gradients,
                    row.backward,
                    row.step,
                )
            ),
        )
        for row in table.rows
    ]
    widths = [max(len(line[at]) for line in (columns, *rows)) for at in range(len(columns))]
    title = safe(name, newline=" ")
    count = f"{table.parameters / 1e6:,.1f} million parameters"
    bar = marks_of(look).bar
    lines = [f"{title}: {table.architecture}, {count}, no head", ""]
    lines += ["  ".join(t.ljust(w) for t, w in zip(columns, widths, strict=True)).rstrip()]
    lines += ["  ".join(bar * width for width in widths)]
    lines += ["  ".join(t.rjust(w) for t, w in zip(row, widths, strict=True)) for row in rows]
    lines += ["", "Adam, batch size 1, as accelerate estimate-memory counts it: weights, gradients"]
    lines += ["and optimizer only, no activations, no logits. With a CONFIG all of it is counted."]
    return printed([Segment(f"{line}\n") for line in lines], look)


def unit_text(size: int | None) -> str:
    """Return bytes as accelerate writes them: 1024 a step, called KB, MB, GB."""
    if size is None:
        return "N/A"
    amount = float(size)
    for unit in ("bytes", "KB", "MB", "GB"):
        if amount < 1024:
            return f"{round(amount, 2)} {unit}"
        amount /= 1024
    return f"{round(amount, 2)} TB"
