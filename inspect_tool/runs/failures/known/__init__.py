"""Every failure that is known, the more particular before the more general."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tool.runs.failures.known import (
    config,
    data,
    device,
    model,
    packages,
    processes,
    resources,
    template,
)

if TYPE_CHECKING:
    from inspect_tool.runs.failures.known.rule import Rule

RULES: tuple[Rule, ...] = (
    *resources.RULES,
    *processes.RULES,
    *config.RULES,
    *template.RULES,
    *data.RULES,
    *device.RULES,
    *model.RULES,
    *packages.RULES,
)
