"""Every rule there is, in the order in which findings of equal severity are told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inspect_tool.errors import InspectError
from inspect_tool.samples.checks.rules import (
    all_masked,
    attention,
    bos,
    double_end,
    duplicate,
    edge_space,
    empty_row,
    empty_text,
    empty_turn,
    eos_masked,
    eos_missing,
    equal_pair,
    id_range,
    label_mismatch,
    last_token,
    last_turn,
    near_duplicate,
    no_labels,
    one_class,
    padding,
    positions,
    prompt_trained,
    span_shift,
    split_special,
    truncated,
    unknown_token,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    from inspect_tool.samples.checks.rule import Rule

RULES: Final[tuple[Rule, ...]] = (
    id_range.IdRange(),
    no_labels.NoLabels(),
    label_mismatch.LabelMismatch(),
    attention.HiddenTrained(),
    all_masked.AllMasked(),
    empty_row.EmptyRow(),
    empty_text.EmptyText(),
    prompt_trained.PromptTrained(),
    span_shift.SpanShift(),
    last_turn.LastTurn(),
    empty_turn.EmptyTurn(),
    eos_masked.EosMasked(),
    eos_missing.EosMissing(),
    truncated.Truncated(),
    double_end.DoubleEnd(),
    last_token.LastToken(),
    bos.Bos(),
    padding.PadInContent(),
    unknown_token.UnknownToken(),
    split_special.SplitSpecial(),
    positions.Positions(),
    equal_pair.EqualPair(),
    one_class.OneClass(),
    duplicate.Duplicate(),
    near_duplicate.NearDuplicate(),
    edge_space.EdgeSpace(),
)

DAMAGED: Final = "L-DAMAGED"
"""What cannot be read is found by reading, not by a rule; it is selected like the others."""


ASSERTION: Final = "A-"
"""Begins the codes of a person's own assertions."""


def chosen(
    *,
    select: Collection[str] = (),
    ignore: Collection[str] = (),
    request: Collection[str] = (),
) -> tuple[Rule, ...]:
    """Return the rules to run: those selected, by default all that need no asking; less ignored.

    ``request`` names rules that need asking. Codes may be given without their ``L-`` and in any
    case. Raises InspectError for a code that does not exist.
    """
    wanted, asked, unwanted = full_codes(select), full_codes(request), full_codes(ignore)
    return tuple(
        rule
        for rule in RULES
        if rule.code not in unwanted
        and (rule.code in asked or (rule.code in wanted if wanted else not rule.on_request))
    )


def is_wanted(code: str, *, select: Collection[str], ignore: Collection[str]) -> bool:
    """Tell whether findings of ``code`` are asked for."""
    wanted = full_codes(select)
    return code not in full_codes(ignore) and (not wanted or code in wanted)


def full_codes(codes: Collection[str]) -> set[str]:
    """Return codes as they are written in findings; InspectError for one that does not exist."""
    return {full_code(code) for code in codes}


def full_code(code: str) -> str:
    """Return a code as it is written in findings; InspectError if there is none such.

    Codes of assertions are taken as they are.
    """
    if code.startswith(ASSERTION):
        return code
    codes = {*(rule.code for rule in RULES), DAMAGED}
    upper = code.strip().upper()
    for candidate in (upper, f"L-{upper}"):
        if candidate in codes:
            return candidate
    raise InspectError(f"no check has the code {code!r}", fix="one of " + ", ".join(sorted(codes)))
