"""A debug plan with axolotl's own word on it: would it take the derived config."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from inspect_tool.axolotl_validation import validate
from inspect_tool.axolotl_worker import AxolotlWorker
from inspect_tool.findings import Finding

if TYPE_CHECKING:
    from inspect_tool.axolotl_validation import Verdict
    from inspect_tool.runs.debug import DebugPlan


def validated(plan: DebugPlan, worker: AxolotlWorker | None = None) -> DebugPlan:
    """Return ``plan`` with what axolotl says of its config among the problems.

    Takes seconds, for axolotl is imported in a worker unless one is given. The tiny model is made
    for it, in the user's cache; nothing else is written. Raises WorkerError without axolotl.
    """
    if plan.model.tiny is not None:
        plan.model.tiny.write()
    cwd = plan.launch.cwd
    if worker is not None:
        verdict = worker.call(validate, plan.derived_yaml, cwd)
    else:
        with AxolotlWorker(env={"CUDA_VISIBLE_DEVICES": plan.device.visible}) as own:
            verdict = own.call(validate, plan.derived_yaml, cwd)
    return replace(plan, problems=(*plan.problems, *_findings(verdict)))


def _findings(verdict: Verdict) -> tuple[Finding, ...]:
    refused = Finding(
        code="P-REFUSED",
        severity="error",
        message=f"axolotl refuses the derived config: {verdict.refusal}",
        fix="--set KEY=VALUE changes a key of it",
    )
    unknown = (
        Finding(
            code="P-UNKNOWN-KEY",
            severity="warning",
            message=f"axolotl has no key {key} and leaves it out without a word",
            key=key,
            fix=f"did you mean {nearest}?" if nearest else "remove it, or the plugin is missing",
        )
        for key, nearest in verdict.unknown.items()
    )
    return (*([refused] if verdict.refusal else []), *unknown)
