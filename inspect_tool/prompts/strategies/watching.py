"""What the worker is asked of the files behind a config: which, if changed, change its rows."""

from __future__ import annotations

from inspect_tool.prompts.strategies.sessions import Request, session


def watched_files(request: Request) -> tuple[str, ...]:
    """Return config, templates, tokenizer and data files, as the open session knows them."""
    with session(request) as opened:
        return tuple(dict.fromkeys(path for path, _, _ in opened.stamp))
