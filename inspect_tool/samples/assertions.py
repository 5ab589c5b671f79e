"""A person's own checks: functions in a Python file that take a decoded sample and raise.

The file is code of the person who names it and runs as such; nothing is written beside it.
"""

from __future__ import annotations

import contextlib
import inspect
import linecache
import sys
import traceback
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from inspect_tool.errors import InspectError
from inspect_tool.findings import Finding
from inspect_tool.samples.checks.registry import ASSERTION
from inspect_tool.samples.checks.rows import Rows
from inspect_tool.samples.decoded import decoded
from inspect_tool.samples.glyphs import safe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from inspect_tool.samples.decoded import DecodedSample
    from inspect_tool.samples.prepared import PreparedDataset
    from inspect_tool.samples.vocabulary import Vocabulary

_LONGEST_REASON = 200


@dataclass(frozen=True)
class Assertion:
    """One function of an assertions file; it raises AssertionError for a sample that is wrong."""

    name: str
    function: Callable[[DecodedSample], object]
    file: Path

    @property
    def code(self) -> str:
        """Return the code of its findings."""
        return ASSERTION + self.name

    @property
    def title(self) -> str:
        """Return the first line of its docstring, or its name in words."""
        lines = (self.function.__doc__ or "").strip().splitlines()
        return lines[0].strip() if lines else self.name.replace("_", " ")

    def reason_against(self, sample: DecodedSample) -> str | None:
        """Return why it refuses a sample, None if it does not.

        Raises InspectError when the function itself fails.
        """
        try:
            self.function(sample)
        except AssertionError as error:
            line = _line_in(error, self.file)
            said = str(error).strip()
            return said or linecache.getline(str(self.file), line).strip() or self.title
        except Exception as error:
            line = _line_in(error, self.file)
            raise InspectError(
                f"{self.name} failed on row {sample.row} with {_named(error)}",
                place=f"{self.file}:{line}",
                fix="an assertion refuses a sample with AssertionError alone",
            ) from error
        return None


def load_assertions(file: Path) -> tuple[Assertion, ...]:
    """Read the public functions of a Python file, in its order.

    Raises InspectError when the file cannot be read or run, or has no such function, or one that
    takes anything but one sample.
    """
    module = _run(file)
    functions = [
        value
        for name, value in vars(module).items()
        if isinstance(value, FunctionType)
        and value.__module__ == module.__name__
        and not name.startswith("_")
    ]
    if not functions:
        raise InspectError(
            "no assertion there",
            place=file,
            fix="write functions such as `def is_short(sample): assert len(sample.tokens) < 500`",
        )
    for function in functions:
        _refuse_other_signatures(function, file)
    return tuple(Assertion(function.__name__, function, file) for function in functions)


def assert_all(
    assertions: Sequence[Assertion],
    dataset: PreparedDataset,
    vocabulary: Vocabulary | None,
    *,
    rows: Iterable[int] | None = None,
) -> tuple[Finding, ...]:
    """Return a finding for every assertion that refuses a row; all rows by default.

    Rows that cannot be read are left to L-DAMAGED. Raises InspectError when an assertion itself
    fails, or when token rows cannot be decoded.
    """
    if dataset.kind.tokenized and vocabulary is None:
        raise InspectError(
            "assertions need a tokenizer to decode the rows", fix="name one with --tokenizer"
        )
    refused: dict[str, list[int]] = {assertion.name: [] for assertion in assertions}
    reasons: dict[str, str] = {}
    with contextlib.redirect_stdout(sys.stderr):
        for sample in _decoded_rows(dataset, vocabulary, rows):
            for assertion in assertions:
                reason = assertion.reason_against(sample)
                if reason is not None:
                    refused[assertion.name].append(sample.row)
                    reasons.setdefault(assertion.name, reason)
    return tuple(
        _finding(assertion, refused[assertion.name], reasons[assertion.name])
        for assertion in assertions
        if refused[assertion.name]
    )


def _decoded_rows(
    dataset: PreparedDataset, vocabulary: Vocabulary | None, rows: Iterable[int] | None
) -> Iterator[DecodedSample]:
    block = None
    for row in range(len(dataset)) if rows is None else rows:
        here, _ = dataset.block_of(row)
        if block is not None and here is not block:
            block.shard.release_pages()
        block = here
        try:
            sample = dataset.sample(row)
        except InspectError:
            continue
        yield decoded(sample, vocabulary)


def _finding(assertion: Assertion, rows: list[int], reason: str) -> Finding:
    shown = safe(reason, newline=" ")
    rest = "…" if len(shown) > _LONGEST_REASON else ""
    return Finding(
        code=assertion.code,
        severity="error",
        message=safe(assertion.title, newline=" "),
        count=len(rows),
        rows=Rows(np.array(rows)),
        fix=f"see {assertion.name} in {assertion.file}",
        evidence=f"row {rows[0]}: {shown[:_LONGEST_REASON]}{rest}",
    )


def _run(file: Path) -> ModuleType:
    """Run a file as a module of its own, leaving no bytecode of it or of its neighbours."""
    try:
        source = file.read_bytes()
    except OSError as error:
        raise InspectError(error.strerror or str(error), place=file) from error
    module = ModuleType(f"assertions_of_{file.stem}")
    module.__file__ = str(file)
    sys.path.insert(0, str(file.resolve().parent))
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        with contextlib.redirect_stdout(sys.stderr):
            exec(compile(source, str(file), "exec"), vars(module))  # noqa: S102
    except SyntaxError as error:
        raise InspectError(
            f"not Python ({error.msg})",
            place=f"{error.filename or file}:{error.lineno or 1}",
        ) from error
    except (Exception, SystemExit) as error:
        raise InspectError(
            f"the file fails with {_named(error)}", place=f"{file}:{_line_in(error, file)}"
        ) from error
    finally:
        sys.dont_write_bytecode = writes
        sys.path.remove(str(file.resolve().parent))
    return module


def _refuse_other_signatures(function: FunctionType, file: Path) -> None:
    try:
        inspect.signature(function).bind(None)
        wrong = inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function)
    except TypeError:
        wrong = True
    if wrong:
        raise InspectError(
            f"{function.__name__} is no function of one sample",
            place=f"{file}:{function.__code__.co_firstlineno}",
            fix="let it take the sample alone; begin the names of helpers with _",
        )


def _line_in(error: BaseException, file: Path) -> int:
    """Return the deepest line of ``file`` that an error went through, 1 for none."""
    frames: list[Any] = [
        frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)
    ]
    return int(frames[-1].lineno or 1) if frames else 1


def _named(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
