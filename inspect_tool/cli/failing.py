"""How a command tells of a run that failed: what the log shows, before the error's own line."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from inspect_tool.report.failure_text import failure_text
from inspect_tool.report.look import look_of
from inspect_tool.runs.failures.failure import FailedRunError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.runs.failures.failure import Failure


@contextmanager
def explained(*, traceback: bool = False) -> Iterator[None]:
    """Print on stderr what there is to a FailedRunError, and let it go on."""
    try:
        yield
    except FailedRunError as error:
        if error.failure is not None:
            show_failure(error.failure, traceback=traceback)
        raise


def show_failure(failure: Failure, *, traceback: bool = False) -> None:
    """Print the evidence, the key and the innermost frames; with ``traceback`` all of it."""
    text = failure_text(failure, look_of(sys.stderr), traceback=traceback)
    encoding = sys.stderr.encoding or "ascii"
    sys.stderr.write(text.encode(encoding, "backslashreplace").decode(encoding))
    sys.stderr.flush()
