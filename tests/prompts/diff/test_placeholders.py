"""Prompts with placeholders: what is a placeholder, and where its value comes from."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspect_tool.errors import InspectError
from inspect_tool.prompts.inference.placeholders import PromptText, field_of
from inspect_tool.prompts.inference.specs import parse_fill

TRAINING = (
    '<s>Be brief.\n\n### Instruction:\n\n\nNLQ: "count {all}"\n\nColumns: [1]\n\n### Response:\n'
)


def test_names_and_fixed_texts() -> None:
    """A text is cut at its placeholders; doubled braces are braces."""
    prompt = PromptText.parse('{{"a": {x}}} and {row["y"]}.')

    assert prompt.names == ("x", 'row["y"]')
    assert prompt.fixed == ('{"a": ', "} and ", ".")


def test_braces_of_json_are_text() -> None:
    """Braces around anything but a name are no placeholder."""
    assert PromptText.parse('{"a": 1}').names == ()


def test_a_raw_field_is_taken_as_it_is() -> None:
    """A field of the placeholder's name is its value, whatever the training text says."""
    filled = PromptText.parse("Q: {nlq}").filled({"nlq": " two  "}, TRAINING)

    assert filled.text == "Q:  two  "
    assert filled.inferred == ()


def test_values_are_found_white_space_aside() -> None:
    """Between the file's fixed texts, loosely matched, the training text has the values."""
    prompt = PromptText.parse('### Instruction:\nNLQ: "{nlq}"\nColumns: {cols}\n\n### Response:')

    filled = prompt.filled({}, TRAINING, ignore="<s>")

    assert filled.text == ('### Instruction:\nNLQ: "count {all}"\nColumns: [1]\n\n### Response:')
    assert filled.inferred == ("nlq", "cols")


def test_a_value_at_the_beginning_has_no_bos() -> None:
    """The BOS token belongs to no value."""
    filled = PromptText.parse("{system}\n\n### Instruction:").filled({}, TRAINING, ignore="<s>")

    assert filled.text == "Be brief.\n\n### Instruction:"


@pytest.mark.parametrize(
    ("fill", "value"),
    [("q=turns.1.text", "two"), ("q=turns[-1].text", "two"), ("q=/NLQ: (.*?) /", '"count')],
)
def test_fill_says_where_a_value_is(fill: str, value: str) -> None:
    """--fill names a field by its path, or a pattern over the training text."""
    row = {"turns": [{"text": "one"}, {"text": "two"}]}

    assert PromptText.parse("{q}!").filled(row, TRAINING, [parse_fill(fill)]).text == f"{value}!"


@pytest.mark.parametrize("fill", ["q=nowhere", "q=/nothing like it/"])
def test_a_fill_that_finds_nothing_is_named(fill: str) -> None:
    """What --fill does not find is an error, not an empty text."""
    with pytest.raises(InspectError, match="--fill q="):
        PromptText.parse("{q}").filled({}, TRAINING, [parse_fill(fill)])


@pytest.mark.parametrize("text", ["{a}{b}", "nowhere {a}", "Be {a} brief {b} nor this"])
def test_what_cannot_be_matched_is_named(text: str) -> None:
    """Placeholders without a value are named with the way out."""
    with pytest.raises(InspectError, match=r"\{a\}.*--fill a="):
        PromptText.parse(text).filled({}, TRAINING)


@pytest.mark.parametrize("written", ["q", "q=", "=x", "q=/(/"])
def test_fills_that_are_none(written: str) -> None:
    """A --fill that cannot be read is refused."""
    with pytest.raises(InspectError, match="--fill"):
        parse_fill(written)


@given(st.text(), st.text(alphabet="{}ab \n"))
def test_any_text_is_read_and_matched_or_refused(training: str, text: str) -> None:
    """No text makes the reader fail in another way than by its one clear error."""
    prompt = PromptText.parse(text)
    try:
        filled = prompt.filled({}, training)
    except InspectError:
        return

    assert all(fixed in filled.text for fixed in prompt.fixed)


def test_fields_that_are_not_there() -> None:
    """A path that leads nowhere has no value."""
    assert field_of({"a": [1]}, "a.5") is None
    assert field_of({"a": 1}, "a.b.c") is None


def test_axolotls_names_of_the_fields() -> None:
    """What axolotl reads from the row is a value by the name that its formats have."""
    prompt = PromptText.parse("{instruction} {input}")

    filled = prompt.filled({"input": "raw"}, TRAINING, fields={"instruction": "Go.", "input": "x"})

    assert filled.text == "Go. raw"
    assert filled.inferred == ()


def test_white_space_parts_values_where_there_is_one_way() -> None:
    """Values with nothing but white space between them are told apart, or not guessed at."""
    prompt = PromptText.parse("Schema: {input}\n{question} End")

    assert prompt.filled({}, "Schema: a table\nHow many? End").text.count("How many?") == 1
    with pytest.raises(InspectError, match="--fill input="):
        prompt.filled({}, "Schema: a\ntable\nHow many? End")
