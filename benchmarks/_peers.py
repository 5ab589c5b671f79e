"""What the peers of benchmarks do inside the axolotl worker."""

from __future__ import annotations

import time

from inspect_tool.prompts.strategies.sessions import Request, session


def bare_rows_per_second(request: Request, count: int) -> float:
    """Tokenise the first ``count`` rows with axolotl's strategy and do nothing with the result."""
    with session(request) as opened:
        (source,) = opened.sources
        rows = [dict(row) for _, row in source.numbered(0, count)]
        strategy = source.reader.strategy  # type: ignore[attr-defined]
        started = time.perf_counter()
        for row in rows:
            strategy.tokenize_prompt({key: [value] for key, value in row.items()})
        return count / (time.perf_counter() - started)
