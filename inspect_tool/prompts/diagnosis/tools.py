"""D-TOOLS: tool definitions or calls are in one side's prompt only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tool.prompts.diagnosis.case import Verdict
from inspect_tool.prompts.inference.target import Change, ChangeKind

if TYPE_CHECKING:
    from inspect_tool.prompts.diagnosis.case import Case

CODE = "D-TOOLS"
SEND_FIX = "send them with the request (tools=[...]), or write them into the prompt"
AXOLOTL_FIX = (
    "axolotl inference has no place for tools: ask a server, which has (--against chat-template)"
)
CHANGES = {
    ChangeKind.NO_TOOLS: "tool definitions",
    ChangeKind.NO_TOOL_CALLS: "tool calls of earlier messages",
    ChangeKind.NO_TOOLS_NO_SYSTEM: "tool definitions and the system message",
}


def judge(case: Case) -> None:
    """Take tools away from either side, and look what is left."""
    sent = case.training.conversation
    if sent is None or not (sent.tools or sent.has_tool_calls):
        return
    for kind, what in CHANGES.items():
        gone = case.asked_otherwise(Change(kind))
        if gone:
            case.settle(
                gone,
                Verdict(
                    CODE,
                    f"inference has the {what}, training has none",
                    "axolotl reads definitions from the column `tools` alone, and calls from "
                    "`tool_calls` of a message: name them so in the data, and take a template "
                    "that writes them",
                    proven=True,
                ),
            )
        gone = case.trained_otherwise(Change(kind))
        if gone:
            case.settle(
                gone,
                Verdict(
                    CODE,
                    f"training has the {what}, inference has none",
                    AXOLOTL_FIX if case.of_axolotl else SEND_FIX,
                    proven=True,
                ),
            )
