"""D-ROLEMAP: a role or field of the data reached the template by a name that it does not know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tool.prompts.diagnosis.case import Verdict
from inspect_tool.prompts.inference.conversation import canonical_role
from inspect_tool.prompts.inference.target import Change, ChangeKind

if TYPE_CHECKING:
    from inspect_tool.prompts.diagnosis.case import Case

CODE = "D-ROLEMAP"


def judge(case: Case) -> None:
    """Render training with the names that servers know, and look what is left."""
    if case.training.conversation is None:
        return
    gone = case.trained_otherwise(Change(ChangeKind.ROLES))
    if not gone:
        return
    names = [name for name in case.training.raw_names if name != "None"]
    if not names:
        case.settle(
            gone,
            Verdict(
                CODE,
                "messages reach the template without role or content",
                "map the data's names in the dataset's entry: "
                "message_property_mappings: {role: from, content: value}",
                proven=True,
            ),
        )
        return
    shown = ", ".join(f"“{name}”" for name in names)
    mapped = "; ".join(f"roles: {{{canonical_role(name)}: [{name}]}}" for name in names)
    case.settle(
        gone,
        Verdict(
            CODE,
            f"training writes the role {shown}, inference the one that servers know",
            f"map it in the dataset's entry: {mapped} (with the other roles of the data)",
            proven=True,
        ),
    )
