"""A draft of a config: keys changed one by one, each remembered."""

from __future__ import annotations

import pytest

from inspect_tool.errors import InspectError
from inspect_tool.runs.overrides.draft import Draft, parse_setting


def test_the_first_value_is_the_old_one() -> None:
    """A key that is changed twice tells what was written, and the last reason."""
    draft = Draft({"a": 1}, given={})
    draft.set("a", 2, "first")
    draft.set("a", 3, "second")

    change = draft.overrides[0]
    assert (change.old, change.new, change.reason) == (1, 3, "second")


def test_what_is_changed_back_is_no_change() -> None:
    """Only differences are told."""
    draft = Draft({"a": 1}, given={})
    draft.set("a", 2, "there")
    draft.set("a", 1, "and back")

    assert draft.overrides == ()


def test_one_is_not_true() -> None:
    """YAML tells 1 from true, and so does a draft."""
    draft = Draft({"a": True}, given={})
    draft.set("a", 1, "a number")

    assert draft.values == {"a": 1}


def test_the_written_config_is_not_touched() -> None:
    """A draft is a copy, all the way down."""
    written = {"datasets": [{"path": "a"}]}
    Draft(written, given={}).set("datasets.0.path", "b", "elsewhere")

    assert written == {"datasets": [{"path": "a"}]}


def test_a_kept_key_keeps_what_is_below_it() -> None:
    """--keep trl keeps every key of that mapping."""
    draft = Draft({"trl": {"beta": 1}}, keep=("trl",), given={})
    draft.set("trl.beta", 2, "smaller")

    assert (draft.values, set(draft.kept)) == ({"trl": {"beta": 1}}, {"trl.beta"})


@pytest.mark.parametrize(
    ("text", "value"),
    [("a=1", 1), ("a=1e-3x", "1e-3x"), ("a=", None), ("a=[x, y]", ["x", "y"]), ("a=b=c", "b=c")],
)
def test_settings_are_yaml(text: str, value: object) -> None:
    """The value of --set is read as in a config."""
    assert parse_setting(text) == ("a", value)


@pytest.mark.parametrize("text", ["a", "=1", "a=[", "a={b"])
def test_settings_that_are_none(text: str) -> None:
    """What is no KEY=VALUE is refused, quoting it."""
    with pytest.raises(InspectError, match="--set"):
        parse_setting(text)


def test_an_item_that_is_not_there() -> None:
    """--set datasets.3.path on a config with one dataset names the key."""
    with pytest.raises(InspectError, match=r"datasets\.3"):
        Draft({"datasets": [{}]}, given={"datasets.3.path": "a"})
