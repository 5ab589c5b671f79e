"""What the peers of benchmarks do inside the axolotl worker."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inspect_tool.prompts.diff.tasks import _ready, _Work
from inspect_tool.prompts.inference.target import Prompt
from inspect_tool.prompts.strategies.sessions import Request, session

if TYPE_CHECKING:
    from inspect_tool.prompts.diff.tasks import Plan


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


@dataclass(frozen=True)
class Spent:
    """Seconds that each part took for so many prompts."""

    prompts: int
    tokenizer: float
    batched: float
    diff: float
    axolotl: float


def diff_seconds(plan: Plan, count: int) -> Spent:
    """Time a diff of the first ``count`` rows against one target, and encoding the same texts."""
    with session(plan.request) as opened:
        ready = _ready(plan, opened)
        work = _Work(ready, 0, 0)
        rows = [dict(row) for _, row in opened.sources[0].numbered(0, count)]
        started = time.perf_counter()
        for number, row in enumerate(rows):
            work.render(number, row, lambda _: True)
        axolotl = time.perf_counter() - started
        (target,) = ready.targets
        prompts = target.prompts([item.prompt for item in work.items])
        texts = [prompt.text for prompt in prompts if isinstance(prompt, Prompt)]
        texts += [item.prompt.text for item in work.items]
        started = time.perf_counter()
        for text in texts:
            ready.encoder.tokenizer(text, add_special_tokens=False)
        tokenizer = time.perf_counter() - started
        started = time.perf_counter()
        ready.encoder.tokenizer(texts, add_special_tokens=False)
        batched = time.perf_counter() - started
        started = time.perf_counter()
        work.compare(target)
        diff = time.perf_counter() - started
    return Spent(len(prompts), tokenizer, batched, diff, axolotl)
