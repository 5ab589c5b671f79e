"""Explained rows: stretches, cuts, labels that are stored otherwise."""

from __future__ import annotations

import numpy as np
import pytest

from inspect_tool.prompts import rules
from inspect_tool.prompts.digests import column_digest, token_digest
from inspect_tool.prompts.explained import RawPlace, dotted
from inspect_tool.prompts.strategies.reader import Place, Reasons
from inspect_tool.prompts.strategies.sources import SourceMap
from tests.prompts.explained import explained

PLACE = Place("datasets.0", "chat_template", 0)


def test_stretches_are_maximal() -> None:
    """Neighbours with the same rule and field are one stretch; its source spans both."""
    row = explained(
        "template", "role-trained", "role-trained", "eos-trained", fields=(-1, 1, 1, -1)
    )

    found = row.stretches(RawPlace("/data/rows.jsonl", 5))

    assert [(item.start, item.stop) for item in found] == [(0, 1), (1, 3), (3, 4)]
    source = found[1].reason.source
    assert source is not None
    assert (source.start, source.end, source.line) == (2, 6, 5)


def test_stretches_of_nothing() -> None:
    """An empty row has no stretches."""
    assert explained().stretches() == ()


def test_cut() -> None:
    """A row cut to fewer tokens is the row's beginning; to more, the row."""
    row = explained("template", "role-trained", "eos-trained")

    assert [item.reason.rule.name for item in row.cut(2).stretches()] == [
        "template",
        "role-trained",
    ]
    assert row.cut(9) is row


def test_labels_that_are_stored_otherwise() -> None:
    """The stored labels stay what they are; the rule of those that differ says stale."""
    row = explained("template", "role-trained", "role-trained", ids=(1, 2, 3))

    found = row.with_labels(np.array([-100, 2, -100]))

    assert [found.reason(token).rule.name for token in range(3)] == [
        "template",
        "role-trained",
        "stale",
    ]
    assert found.reason(2).label == -100


def test_json_of_a_reason() -> None:
    """A token's reason is what docs/schemas/why.json says."""
    row = explained("role-trained", fields=(1,))

    assert row.reason(0, RawPlace("/data/rows.jsonl", 5)).to_json() == {
        "label": 10,
        "rule": "role-trained",
        "key": "datasets.0.roles_to_train",
        "source": {
            "file": "/data/rows.jsonl",
            "line": 5,
            "row": 4,
            "turn": 1,
            "field": "content",
            "path": "messages[1].content",
            "start": 0,
            "end": 2,
            "inferred": True,
        },
        "inferred": False,
    }


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("a",), "a"),
        (("messages", 1, "content"), "messages[1].content"),
        (("a", 0, 1, "b"), "a[0][1].b"),
    ],
)
def test_paths_as_people_write_them(path: tuple[str | int, ...], text: str) -> None:
    """Keys with dots, indices in brackets."""
    assert dotted(path) == text


def test_training_is_final() -> None:
    """A token that was trained stays so; a masked one may still be trained."""
    reasons = Reasons([1, 2, 3], [1, -100, 3], rules.TEMPLATE)

    reasons.set(0, 1, rules.ROLE_TRAINED)
    reasons.set(0, 2, rules.EOS_MASKED)
    reasons.set(2, 3, rules.EOS_MASKED)
    reasons.set(2, 3, rules.EOS_TRAINED)
    reasons.verify()

    row = reasons.explained(PLACE, SourceMap(3))
    assert [row.reason(token).rule.name for token in range(3)] == [
        "role-trained",
        "eos-masked",
        "eos-trained",
    ]


def test_stretches_past_the_end_are_cut() -> None:
    """Offsets that run over the row's end reach to the end."""
    reasons = Reasons([1, 2], [-100, 2], rules.TEMPLATE)

    reasons.set(1, 9, rules.DETAIL_TRAINED)
    reasons.set(-3, 1, rules.BOS)

    row = reasons.explained(PLACE, SourceMap(2))
    assert [row.reason(token).rule.name for token in range(2)] == ["bos", "detail-trained"]


@pytest.mark.parametrize(
    ("label", "classes", "rule"),
    [
        (-100, False, "unexplained"),
        (7, False, "role-trained"),
        (1, False, "unexplained"),
        (1, True, "role-trained"),
    ],
)
def test_rules_must_give_the_labels(label: int, classes: bool, rule: str) -> None:
    """A rule that trains needs the token's own label, or any where labels are classes."""
    reasons = Reasons([7], [label], rules.TEMPLATE)
    reasons.set(0, 1, rules.ROLE_TRAINED)

    reasons.verify(classes=classes)

    assert reasons.explained(PLACE, SourceMap(1)).reason(0).rule.name == rule


def test_digests_know_where_a_sequence_ends() -> None:
    """Tokens that move from one sequence to the next are another row."""
    assert token_digest([1, 2], [3]) != token_digest([1], [2, 3])
    assert token_digest([1], None) != token_digest([1], [])[:0] + token_digest([1])


def test_digests_of_any_integer_type() -> None:
    """Ids as Arrow stores them and as lists digest alike."""
    stored = np.array([1, 2, -100], dtype=np.int64)

    assert token_digest(stored) == token_digest([1, 2, -100])


def test_digests_of_columns_leave_out_nulls() -> None:
    """Nulls that `datasets` adds, at any depth, make no other row; order makes none either."""
    plain = {"a": [{"b": 1}], "c": "x"}

    assert column_digest({"c": "x", "d": None, "a": [{"e": None, "b": 1}]}) == column_digest(plain)
    assert column_digest({"a": [{"b": 2}], "c": "x"}) != column_digest(plain)
