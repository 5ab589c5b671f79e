"""``ollama:FILE``: left out, and why.

Ollama's templates are Go templates. No package that this tool can count on brings Go's own
implementation, and an imitation would be wrong exactly where a diff must be right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tool.prompts.inference.target import TargetError

if TYPE_CHECKING:
    from inspect_tool.prompts.inference.specs import TargetSpec


def ollama_refusal(spec: TargetSpec) -> TargetError:
    """Return the error that says what to do instead."""
    return TargetError(
        "Ollama's Go templates are not rendered here: only Go itself renders them as Ollama does",
        place=spec.value,
        fix="let Ollama show the prompt (OLLAMA_DEBUG=1 ollama serve logs it), save it as a file "
        "with {placeholders}, and compare with text:FILE",
    )
