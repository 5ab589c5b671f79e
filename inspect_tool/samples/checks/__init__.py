"""Checks over a whole prepared dataset: ``check(dataset, vocabulary) -> Report``."""

from inspect_tool.samples.checks.report import LastToken, Report
from inspect_tool.samples.checks.rows import Rows
from inspect_tool.samples.checks.run import check

__all__ = ["LastToken", "Report", "Rows", "check"]
