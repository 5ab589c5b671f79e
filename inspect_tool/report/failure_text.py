"""A failure as text: what the log shows, the key to look at, and where the error arose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tool.report.marks import ascii_only

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.report.look import Look
    from inspect_tool.runs.failures.failure import Failure, Frame

FRAMES = 3
"""Frames shown; the traceback has them all."""


def failure_text(failure: Failure, look: Look, *, traceback: bool = False) -> str:
    """Return what there is besides cause and fix, which the error's own line tells."""
    lines = list(_lines(failure))
    if traceback and failure.traceback:
        lines = [failure.traceback, "", *lines]
    text = "\n".join(lines)
    return f"{text if look.unicode else ascii_only(text)}\n" if lines else ""


def _lines(failure: Failure) -> Iterator[str]:
    yield f"what   {failure.code}" if failure.known else "what   not a known failure"
    if failure.evidence:
        yield f"shown  {failure.evidence}"
    if failure.key:
        yield f"key    {failure.key}{f'  {failure.place}' if failure.place else ''}"
    for number, frame in enumerate(_chosen(failure)):
        yield f"{'at' if number == 0 else '':<6} {frame.link} in {frame.function}"


def _chosen(failure: Failure) -> list[Frame]:
    """Return where it arose, where axolotl was, and where code outside libraries was."""
    axolotl = next((frame for frame in failure.frames if "/axolotl/" in frame.file), None)
    wanted = [failure.frame, *failure.frames[:1], axolotl, *failure.frames]
    chosen = list(dict.fromkeys(frame for frame in wanted if frame is not None))[:FRAMES]
    return sorted(chosen, key=failure.frames.index)
