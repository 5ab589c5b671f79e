"""Every failure that is known, the more particular before the more general."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tool.runs.failures.known import memory

if TYPE_CHECKING:
    from inspect_tool.runs.failures.known.rule import Rule

RULES: tuple[Rule, ...] = (*memory.RULES,)
