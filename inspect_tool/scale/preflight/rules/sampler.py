"""How rows are dealt to processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inspect_tool.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.findings import Severity
    from inspect_tool.scale.preflight.case import Case

CODES: Final = ("P-SAMPLER",)


def look(case: Case) -> Iterator[Finding]:
    """Settings with which N processes do not see what one would."""
    written = case.values.get("accelerator_config")
    settings = written if isinstance(written, dict) else {}
    if settings.get("dispatch_batches"):
        yield _found(
            "error",
            "dispatch_batches joins the batches of all processes before they are padded alike: "
            "batches of different length end the run",
            "accelerator_config.dispatch_batches",
            "take it out, or pad_to_sequence_len: true",
        )
    if settings.get("split_batches"):
        yield _found(
            "warning",
            "split_batches divides micro_batch_size among the processes; axolotl counts it as if "
            f"each had all of it, {case.fleet.processes} times too much",
            "accelerator_config.split_batches",
            "take it out",
        )
    if settings.get("use_seedable_sampler") is False:
        yield _found(
            "warning",
            "without the seedable sampler N processes see other rows in each step than one would",
            "accelerator_config.use_seedable_sampler",
            "take it out",
        )
    if case.values.get("group_by_length"):
        yield _found(
            "info",
            "group_by_length sorts within 50 batches of micro_batch_size x accumulation: another "
            "accumulation deals other rows",
            "group_by_length",
            "false to compare runs of different shapes",
        )
    if case.recipe.packed and not case.values.get("curriculum_sampling"):
        yield _found(
            "info",
            "packs are filled in a random order that differs with the number of processes, so "
            "their losses cannot be compared step by step",
            "curriculum_sampling",
            "true to compare: packs are filled in the order of the rows, and are the same ones",
        )


def _found(severity: Severity, message: str, key: str, fix: str) -> Finding:
    return Finding(code="P-SAMPLER", severity=severity, message=message, key=key, fix=fix)
