"""All causes in the order in which they are tried: what is certain first, what is left last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tool.prompts.diagnosis import (
    bos,
    boundary,
    content,
    generation_prompt,
    library,
    no_input,
    roles,
    system,
    template,
    thinking,
    tools,
    unknown,
    whitespace,
)

if TYPE_CHECKING:
    from inspect_tool.prompts.diagnosis.case import Case, Verdict

ORDER = (
    bos,
    library,
    boundary,
    roles,
    tools,
    no_input,
    thinking,
    system,
    whitespace,
    generation_prompt,
    content,
    template,
    unknown,
)


def diagnose(case: Case) -> list[Verdict]:
    """Return one verdict per region of a case."""
    for rule in ORDER:
        if not case.open:
            break
        rule.judge(case)
    return [case.verdicts[index] for index in range(len(case.regions))]
