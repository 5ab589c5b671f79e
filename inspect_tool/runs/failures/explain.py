"""From a log to the cause: the last errors are held against the known failures."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from inspect_tool.errors import InspectError
from inspect_tool.runs.config import Config
from inspect_tool.runs.failures.ends import DIED, of_metrics, of_signal
from inspect_tool.runs.failures.errors import TRACEBACK, last_errors
from inspect_tool.runs.failures.failure import UNKNOWN, Failure
from inspect_tool.runs.failures.keys import VALUE, line_of, written_first
from inspect_tool.runs.failures.known import RULES
from inspect_tool.runs.failures.validation import CODE, keys_of, refusals, said_of
from inspect_tool.runs.journal import LOG, PLAN, State, read_metrics, read_status
from inspect_tool.runs.outdated import way_out
from inspect_tool.samples.glyphs import safe

if TYPE_CHECKING:
    import re

    from inspect_tool.runs.failures.errors import LoggedError
    from inspect_tool.runs.failures.known.rule import Rule, Where
    from inspect_tool.runs.failures.validation import Refusal

READ_BYTES = 4_000_000
"""How much of a log's end is read; what ended a run stands there."""
LONGEST = 400
"""Characters of evidence and of the log's own words in a cause."""
MAX_LINE = 1000
"""Characters of a line that are looked at."""
LAST_LINES = 400
"""How many of the last lines are searched where no exception says what happened."""
REWARDED = ("grpo", "gdpo", "ebft")
"""Values of ``rl`` whose loss is 0 where all answers to a prompt earn the same."""
_NO_TEXT = "it wrote nothing"


class _Log(NamedTuple):
    """A log's last lines; ``before`` lines of the file come ahead of them."""

    lines: list[str]
    before: int = 0


def explain(
    log: str | Path, *, config: Config | None = None, exit_status: int | None = None
) -> Failure | None:
    """Say what a log (its text, or its file) shows; None where it shows no failure.

    ``config`` gives the line of the key to look at. ``exit_status`` is the process's, negative for
    a signal: other than 0 there is always an answer, though perhaps only the log's last line.
    """
    if exit_status == 0:
        return None
    read = _read(log) if isinstance(log, Path) else _Log(_lines(log))
    errors = last_errors(read.lines)
    signalled = of_signal(exit_status)
    if signalled is not None:
        failure = _line(read, "line") or signalled
    elif errors or exit_status:
        failure = _known(read, errors) or _unknown(read, errors)
    else:
        return None
    return _placed(failure, config)


def last_line(log: Path) -> Failure:
    """Say what a log says last: for a run that failed though its exit status does not tell."""
    read = _read(log)
    return _unknown(read, last_errors(read.lines))


def explain_end(
    folder: Path, exit_status: int, *, trains: bool, config: Config | None = None
) -> Failure | None:
    """Say why the run in ``folder`` failed; None when all is well.

    One that ended without an error is judged by its metrics, if it ``trains``, and by what axolotl
    only mentions in its log.
    """
    if exit_status:
        return explain(folder / LOG, config=config, exit_status=exit_status)
    rewarded = config is not None and config.values.get("rl") in REWARDED
    failure = of_metrics(tuple(read_metrics(folder)), rewarded=rewarded) if trains else None
    failure = failure or _line(_read(folder / LOG), "end")
    return _placed(failure, config) if failure else None


def explain_run(folder: Path, *, config: Config | None = None) -> Failure | None:
    """Say what became of a run from its folder; None while it lasts and when all is well.

    The config is the person's own, as the run's plan names it, unless given.
    """
    status = read_status(folder)
    if status is None or not status.state.over or status.state is State.INTERRUPTED:
        return None
    plan = _plan(folder)
    if config is None:
        with suppress(InspectError, KeyError, TypeError):
            config = Config.read(Path(plan["config"]))
    if status.exit_status is not None:
        trains = "axolotl.cli.preprocess" not in str(plan.get("launch"))
        return explain_end(folder, status.exit_status, trains=trains, config=config)
    if status.state is State.DIED:
        return _placed(_line(_read(folder / LOG), "line") or DIED, config)
    failure = explain(folder / LOG, config=config)
    return failure or Failure(UNKNOWN, _safe(status.message) or _NO_TEXT, "the log has the rest")


def _known(log: _Log, errors: tuple[LoggedError, ...]) -> Failure | None:
    """Return the failure of the first rule that an error, or else a line, agrees with."""
    for error in errors:
        if refused := refusals(error):
            return _of_refusals(refused, log, error)
    for rule in RULES:
        for error in errors:
            found = rule.pattern.search(error.text) if rule.where != "end" else None
            if found and _passes(rule, error):
                return _of_rule(rule, found, log, error.at, error)
    return _line(log, "line", errors[0] if errors else None)


def _passes(rule: Rule, error: LoggedError) -> bool:
    """Tell whether the error went through the file or function that the rule wants."""
    places = (f"{frame.file} {frame.function}" for frame in error.frames)
    return not rule.frame or any(rule.frame in place for place in places)


def _line(log: _Log, where: Where, error: LoggedError | None = None) -> Failure | None:
    """Search the last lines, the very last first, for what a rule is looking for."""
    for at in range(len(log.lines) - 1, max(-1, len(log.lines) - 1 - LAST_LINES), -1):
        for rule in RULES:
            if rule.where == where and (found := rule.pattern.search(log.lines[at])):
                return _of_rule(rule, found, log, at, error)
    return None


def _of_refusals(refused: tuple[Refusal, ...], log: _Log, error: LoggedError) -> Failure:
    return Failure(
        code=CODE,
        cause=_safe(f"axolotl refuses the config: {said_of(refused)}"),
        fix="change that key as it says; `inspect-tool debug --dry-run` translates old keys",
        evidence=_safe(log.lines[error.at].strip()),
        log_line=log.before + error.at + 1,
        keys=keys_of(refused),
        frames=error.frames,
        traceback=_traceback(log, error),
    )


def _of_rule(
    rule: Rule, found: re.Match[str], log: _Log, at: int, error: LoggedError | None
) -> Failure:
    groups = {name: _safe(value or "") for name, value in found.groupdict().items()}
    at_fault = (f"{VALUE}{groups['value']}",) if groups.get("value") else ()
    return Failure(
        code=rule.code,
        cause=rule.cause.format(**groups),
        fix=rule.fix.format(**groups),
        evidence=_safe(log.lines[at].strip()),
        log_line=log.before + at + 1,
        keys=(*at_fault, *(key.format(**groups) for key in rule.keys)),
        frames=error.frames if error else (),
        traceback=_traceback(log, error),
    )


def _unknown(log: _Log, errors: tuple[LoggedError, ...]) -> Failure:
    """Say what the log says last, and that no rule knows it."""
    fix = "not a known failure: the log has the rest"
    if errors:
        error = errors[0]
        return Failure(
            code=UNKNOWN,
            cause=_safe(error.text),
            fix=fix,
            evidence=_safe(log.lines[error.at].strip()),
            log_line=log.before + error.at + 1,
            frames=error.frames,
            traceback=_traceback(log, error),
        )
    written = [at for at, line in enumerate(log.lines) if line.strip()]
    if not written:
        return Failure(code=UNKNOWN, cause=_NO_TEXT, fix=fix)
    last = _safe(log.lines[written[-1]].strip())
    return Failure(UNKNOWN, last, fix, evidence=last, log_line=log.before + written[-1] + 1)


def _placed(failure: Failure, config: Config | None) -> Failure:
    """Choose among the failure's keys the one that the config has, and say where it stands."""
    keys = written_first(failure.keys, config)
    line = line_of(keys[0], config) if config and keys else None
    place = f"{config.path}:{line}" if config and line else None
    now = way_out(config) if config and failure.code == CODE else None
    fix = f"{_safe(now)}; change what else it names" if now else failure.fix
    return replace(failure, keys=keys, place=place, fix=fix)


def _traceback(log: _Log, error: LoggedError | None) -> str:
    """Return the traceback's lines, each safe to print."""
    if error is None or not error.frames:
        return ""
    lines = log.lines[error.first : error.last + 1]
    lines[0] = lines[0][lines[0].find(TRACEBACK) :]
    return "\n".join(safe(line.rstrip(), tab="    ") for line in lines)


def _read(file: Path) -> _Log:
    """Read a log's end; nothing where it cannot be read."""
    with suppress(OSError), file.open("rb") as opened:
        size = opened.seek(0, os.SEEK_END)
        start = max(0, size - READ_BYTES)
        before = 0
        opened.seek(0)
        for _ in range(0, start, READ_BYTES):
            before += opened.read(min(READ_BYTES, start - opened.tell())).count(b"\n")
        text = opened.read(READ_BYTES).decode("utf-8", "replace")
        return _Log(_lines(text), before)
    return _Log([])


def _lines(text: str) -> list[str]:
    """Return the lines, those that a progress bar wrote over too, long ones cut.

    A pattern may try each letter of a word without end.
    """
    written = text.replace("\r\n", "\n").replace("\r", "\n")
    return [line[:MAX_LINE] for line in written.split("\n")]


def _plan(folder: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        read = json.loads((folder / PLAN).read_text("utf-8"))
        return read if isinstance(read, dict) else {}
    return {}


def _safe(text: str) -> str:
    shown = safe(" ".join(text.split("\n"))[: LONGEST + 1], newline=" ", tab=" ")
    return shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}…"
