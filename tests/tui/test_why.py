"""Why in the app: from an answer to lines, and from tokens to the characters of the raw row."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from textual.app import App
from textual.widgets import Input

from inspect_tool.errors import InspectError
from inspect_tool.prompts.explained import Explained, Field, RawPlace, Turn
from inspect_tool.prompts.origin import Origin, WhySample
from inspect_tool.prompts.raw_text import raw_text
from inspect_tool.prompts.rules import RULES
from inspect_tool.samples.sample import Sample, TokenSequence
from inspect_tool.tui.raw_pieces import RawPieces, cut_raw
from inspect_tool.tui.why import Answer, line_of, sections_of
from inspect_tool.tui.widgets.raw_pane import RawPane, RawView
from inspect_tool.tui.widgets.token_paint import MASKED, PLAIN, TRAINED

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from inspect_tool.samples.facts import Fact

CODES = {rule.name: code for code, rule in enumerate(RULES)}
ROW = {"q": "Hi you", "a": "Yes \x1b[31m"}
IDS = np.array([1, 2, 3, 4], dtype=np.int32)
LABELS = np.array([-100, -100, 3, 4], dtype=np.int32)
EXPLAINED = Explained(
    entry="datasets.0",
    template_key="chat_template",
    row=7,
    part=0,
    sequence="input_ids",
    ids=IDS,
    labels=LABELS,
    rules=np.array(
        [CODES["template"], CODES["role-masked"], CODES["role-trained"], CODES["role-trained"]],
        dtype=np.uint8,
    ),
    inferred=np.array([False, False, False, True]),
    turns=np.array([-1, 0, 1, 1], dtype=np.int32),
    fields=np.array([-1, 0, 1, 1], dtype=np.int32),
    starts=np.array([0, 3, 0, 4], dtype=np.int32),
    ends=np.array([0, 6, 3, 9], dtype=np.int32),
    turn_table=(Turn(0, "user", 0, False), Turn(1, "assistant\x1b", 1, True)),
    field_table=(Field(("q",)), Field(("a",))),
)
ORIGIN = Origin(0, "datasets.0", 7, 0, "same", RawPlace("/data/x.jsonl", 8))


class RawApp(App[None]):
    """An app with a raw row and something else that has the focus."""

    def compose(self) -> ComposeResult:
        """Lay out the raw row."""
        yield Input()
        yield RawPane()


def style_of(view: RawView, y: int) -> list[str]:
    """Return the styles of the texts on a line."""
    return [str(part.style) for part in view.render_line(y) if part.text.strip()]


def answer() -> Answer:
    """Return an answer about four tokens: one added, one masked, two trained."""
    sample = Sample(3, kind="sft", sequences=(TokenSequence("input_ids", IDS, LABELS),))
    why = WhySample(sample, ORIGIN, (EXPLAINED,), 4)
    pieces = (cut_raw(raw_text(ROW), EXPLAINED),)
    settings = {"datasets.0": {"roles_to_train": ["assistant"]}}
    return Answer(why, settings=settings, pieces=pieces)


def lit(pieces: RawPieces, token: int) -> str:
    """Return the characters that a token lights."""
    return "".join(pieces.passage.texts[piece] for piece in pieces.of_token(token))


def values(found: list[tuple[str, list[Fact]]]) -> dict[str, str]:
    """Return every fact by its label."""
    return {fact.label: fact.value for _, facts in found for fact in facts}


def test_a_token_lights_its_characters() -> None:
    """Each token lights exactly the characters of its source, an added one none."""
    pieces = cut_raw(raw_text(ROW), EXPLAINED)

    assert [lit(pieces, token) for token in range(4)] == ["", "you", "Yes", "\x1b[31m"]


def test_pieces_join_to_the_row() -> None:
    """Cutting loses nothing of the row."""
    raw = raw_text(ROW)

    assert "".join(cut_raw(raw, EXPLAINED).passage.texts) == raw.text


def test_pieces_are_painted_as_their_tokens() -> None:
    """What is trained looks so in the raw row, what no token came from looks plain."""
    pieces = cut_raw(raw_text(ROW), EXPLAINED)
    looks = dict(zip(pieces.passage.texts, pieces.looks.tolist(), strict=True))

    assert (looks["you"], looks["Yes"], looks[" "]) == (MASKED, TRAINED, PLAIN)


def test_a_source_that_is_not_in_the_row_lights_nothing() -> None:
    """Offsets beyond the text, or a path that is not there, are left out."""
    gone = replace(EXPLAINED, field_table=(Field(("nowhere",)), Field(("q",))))
    pieces = cut_raw(raw_text(ROW), gone)

    assert [lit(pieces, token) for token in range(4)] == ["", "", "Hi ", ""]


def test_the_page_names_rule_key_and_source() -> None:
    """A token's section says the rule, the key with its value in force, the turn, the source."""
    said = values(sections_of(answer(), 0, 2))

    assert said["rule"] == "role-trained"
    assert said["key"] == "datasets.0.roles_to_train is [assistant] (not in the YAML)"
    assert said["source"] == "/data/x.jsonl:8 a, characters 0 to 3"


def test_what_is_inferred_says_so() -> None:
    """A conclusion of the tool's own is called inferred, on the page and in the one line."""
    assert "inferred" in values(sections_of(answer(), 0, 3))["note"]
    assert line_of(answer(), 0, 3)[0].value.endswith("(inferred)")


def test_hostile_names_are_harmless() -> None:
    """A role with an escape in it reaches the page as a picture of it."""
    assert values(sections_of(answer(), 0, 2))["turn"] == "1 (assistant␛)"


def test_added_tokens_have_no_source() -> None:
    """A token that the template wrote says that it was added."""
    assert "added" in values(sections_of(answer(), 0, 0))["source"]


def test_a_problem_is_said_with_its_way_out() -> None:
    """Where nothing can be explained, the page has message, place, fix, and how to ask again."""
    problem = InspectError("no config is known", place="x/y", fix="--config FILE.yml")
    said = [f.value for f in sections_of(Answer(problem=problem), 0, 0)[0][1]]

    assert said == ["no config is known", "x/y", "--config FILE.yml", "enter asks again"]


def test_nothing_known_says_that_it_is_being_found() -> None:
    """Until the answer is there the page says what it waits for, and the inspector nothing."""
    assert "axolotl" in sections_of(None, 0, 0)[0][1][0].value
    assert line_of(None, 0, 0) == []


async def test_only_what_is_lit_is_marked_without_the_focus() -> None:
    """For a token that is not from the data nothing of the raw row looks chosen."""
    async with RawApp().run_test(size=(40, 12)) as pilot:
        raw = pilot.app.query_one(RawPane)
        raw.show(answer().pieces[0], "x.jsonl:8", "not from the data", 0)
        await pilot.pause()
        plain = [style_of(raw.view, y) for y in range(4)]
        raw.show(raw.view.pieces or answer().pieces[0], "x.jsonl:8", "q 3:6", 1)
        await pilot.pause()

        assert len({style for line in plain[:1] for style in line}) == 1
        assert [style_of(raw.view, y) for y in range(4)] != plain
