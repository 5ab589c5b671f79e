"""Where a person looks: the app on a terminal, text everywhere else."""

from __future__ import annotations

import gc
import os
import sys
from typing import TYPE_CHECKING

from inspect_tool.errors import InspectError

if TYPE_CHECKING:
    from inspect_tool.cli.quick import Request


def view(request: Request) -> int:
    """Open the app on what was asked for; print its first samples where no app can run."""
    if interactive():
        gc.disable()  # the app's imports make objects that stay; it collects once it has painted
        from inspect_tool.tui.app import run_app

        return run_app(
            request.path, config=request.config, tokenizer=request.tokenizer, live=request.live
        )
    if request.live:
        raise InspectError(
            "--live needs a terminal",
            fix="inspect-tool why CONFIG --raw 0 prints one row as axolotl renders it now",
        )
    from inspect_tool.cli.samples import print_text

    return print_text(request)


def interactive() -> bool:
    """Tell whether a person sits before a terminal, or a server's page, that can draw an app."""
    if os.environ.get("TEXTUAL_DRIVER"):
        return True
    dumb = os.environ.get("TERM", "dumb") == "dumb"
    streams = (sys.stdin, sys.stdout, sys.stderr)  # a Textual app draws on stderr
    return all(stream.isatty() for stream in streams) and not dumb
