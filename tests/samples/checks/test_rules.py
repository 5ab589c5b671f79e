"""Faults that axolotl's own output cannot show, and what only looks like one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from inspect_tool.samples.checks import check
from inspect_tool.samples.prepared import PreparedDataset
from inspect_tool.samples.vocabulary import Vocabulary
from tests.arrow_files import IDS, LABELS, save, supervised
from tests.samples.checks.rendered import checked, found, row, the_finding, turns

if TYPE_CHECKING:
    from pathlib import Path

QUESTION = ("user", "Which way?", False)
ANSWER = ("assistant", "That way.", True)


def test_a_clean_conversation_has_no_finding(tmp_path: Path, chatml_dir: Path) -> None:
    """Rows as axolotl makes them are left alone."""
    rows = [turns(chatml_dir, QUESTION, ("assistant", f"Way {n}.", True)) for n in range(5)]

    assert checked(tmp_path, rows, chatml_dir).findings == ()


def test_span_shift(tmp_path: Path, chatml_dir: Path) -> None:
    """A run that slipped by a few tokens trains the header of the next turn."""
    ids, labels = turns(chatml_dir, QUESTION, ANSWER, ("user", "Sure?", False), ANSWER)
    shifted = [-100] * 3 + labels[:-3]
    slipped = [-100 if label == -100 else token for token, label in zip(ids, shifted, strict=True)]

    report = checked(tmp_path, [(ids, labels), (ids, slipped)], chatml_dir)

    assert found(report)["L-SPAN-SHIFT"] == [1]
    assert "▸<|im_start|>◂user" in the_finding(report, "L-SPAN-SHIFT").evidence


def test_span_shift_is_milder_where_people_set_the_masks(tmp_path: Path, chatml_dir: Path) -> None:
    """In input_output data a trained header is a label of the data, not a slipped mask."""
    bad = row(
        chatml_dir,
        ("<|im_start|>user\nGo on.<|im_end|>\n", False),
        ("<|im_start|>assistant\nOn.<|im_end|>", True),
    )

    report = checked(
        tmp_path, [bad], chatml_dir, config={"datasets": [{"path": "x", "type": "input_output"}]}
    )

    assert the_finding(report, "L-SPAN-SHIFT").severity == "warning"


def test_empty_rows(tmp_path: Path, chatml_dir: Path) -> None:
    """A row without tokens is found, and is not also called masked."""
    report = checked(tmp_path, [turns(chatml_dir, QUESTION, ANSWER), ([], [])], chatml_dir)

    assert found(report) == {"L-EMPTY": [1]}


@pytest.mark.parametrize(
    ("kind", "cause", "key"),
    [
        ("chat_template", "nobody in it has a role that is trained", "datasets.roles_to_train"),
        ("alpaca", "the answer is empty", "datasets.type"),
        ({"format": "{instruction}"}, "the answer is empty", "datasets.type"),
        ("llama2_chat", "the padding token is also the end token", "special_tokens.pad_token"),
    ],
    ids=str,
)
def test_why_nothing_is_trained(
    kind: object, cause: str, key: str, tmp_path: Path, mistral_dir: Path
) -> None:
    """The cause and the key are those of the dataset's type: instructions know no roles."""
    masked = row(mistral_dir, ("<s>Which way?</s>", False))
    config = {"datasets": [{"path": "x", "type": kind}]}

    finding = the_finding(checked(tmp_path, [masked], mistral_dir, config=config), "L-ALL-MASKED")

    assert finding.message.endswith(cause)
    assert finding.key == key


def test_no_labels(tmp_path: Path, chatml_dir: Path) -> None:
    """Token rows without a labels column have no loss."""
    ids, _ = turns(chatml_dir, QUESTION, ANSWER)
    folder = save(tmp_path, pa.table({"input_ids": pa.array([ids, ids[:-1]], IDS)}))

    report = check(PreparedDataset.open(folder), Vocabulary.load(chatml_dir))

    assert found(report) == {"L-NO-LABELS": [0, 1]}


@pytest.mark.parametrize(
    ("positions", "rows"), [([0, 1, 2, 3], []), ([1, 2, 3, 4], [0]), ([0, 1, 0, 1], [0])]
)
def test_positions(positions: list[int], rows: list[int], tmp_path: Path, chatml_dir: Path) -> None:
    """Position ids count the tokens of a row from 0."""
    table = supervised([([5, 6, 7, 3002], [-100, 6, 7, 3002])])
    table = table.append_column("position_ids", pa.array([positions], LABELS))

    report = check(PreparedDataset.open(save(tmp_path, table)), Vocabulary.load(chatml_dir))

    assert found(report).get("L-POSITIONS", []) == rows


def test_classes_of_steps(tmp_path: Path, chatml_dir: Path) -> None:
    """Labels of process rewards are 0 and 1; another number is found, the classes are not."""
    rows = [([5, 6, 7, 8], [-100, 1, -100, 0]), ([5, 6, 7, 9], [-100, 1, -100, 2])]

    report = checked(tmp_path, rows, chatml_dir)

    assert found(report) == {"L-LABEL": [1]}
    assert the_finding(report, "L-LABEL").evidence.endswith("label 2")


def test_padding_around_the_text_is_no_fault(tmp_path: Path, llama3_dir: Path) -> None:
    """Masked padding at either end is what padding is for."""
    text, labels = row(llama3_dir, ("<|begin_of_text|>Q:", False), (" yes<|end_of_text|>", True))
    ids = [2502, 2502, *text, 2502]
    hidden = [0, 0, *([1] * len(text)), 0]
    table = pa.table(
        {
            "input_ids": pa.array([ids], IDS),
            "attention_mask": pa.array([hidden], pa.list_(pa.int8())),
            "labels": pa.array([[-100, -100, *labels, -100]], LABELS),
        }
    )

    report = check(PreparedDataset.open(save(tmp_path, table)), Vocabulary.load(llama3_dir))

    assert report.findings == ()


def test_end_token_masked_by_padding(tmp_path: Path, mistral_dir: Path) -> None:
    """Where padding is the end token, masking padding masks the end of the answer."""
    row_ids, labels = row(mistral_dir, ("Q:", False), ("yes", True), ("</s></s></s>", False))

    report = checked(tmp_path, [(row_ids, labels)], mistral_dir)

    assert the_finding(report, "L-EOS-MASKED").severity == "error"


def test_end_token_missing_after_the_last_answer_only(tmp_path: Path, chatml_dir: Path) -> None:
    """An end token that is trained earlier but masked at last is a milder fault."""
    ids, labels = turns(chatml_dir, QUESTION, ANSWER, QUESTION, ANSWER)
    last = len(ids) - 1 - ids[::-1].index(3002)
    labels[last] = -100

    report = checked(tmp_path, [(ids, labels)], chatml_dir)

    assert the_finding(report, "L-EOS-MASKED").severity == "warning"


def test_a_newline_trained_after_the_end_token_is_no_fault(
    tmp_path: Path, chatml_dir: Path
) -> None:
    """White space behind the end token does not hide that it is trained."""
    rows = [row(chatml_dir, ("<|im_start|>assistant\n", False), ("Yes.<|im_end|>\n", True))]

    assert checked(tmp_path, rows, chatml_dir).findings == ()


def test_prompts_trained_against_the_config(tmp_path: Path, chatml_dir: Path) -> None:
    """What the config does not ask for is an error, and names the role."""
    rows = [turns(chatml_dir, ("user", "Which way?", True), ANSWER)]
    config = {"datasets": [{"path": "x", "type": "chat_template"}]}

    finding = the_finding(checked(tmp_path, rows, chatml_dir, config=config), "L-PROMPT-TRAINED")

    assert (finding.severity, finding.message) == ("error", "user turns are trained")


def test_rows_trained_whole_against_the_config(tmp_path: Path, mistral_dir: Path) -> None:
    """An instruct dataset whose rows are trained from end to end lost its masks."""
    rows = [row(mistral_dir, ("<s>Question: why? Answer: because</s>", True))]
    config = {"datasets": [{"path": "x", "type": "alpaca"}]}

    finding = the_finding(checked(tmp_path, rows, mistral_dir, config=config), "L-PROMPT-TRAINED")

    assert finding.severity == "error"


def test_only_the_last_turn_trained_throughout(tmp_path: Path, chatml_dir: Path) -> None:
    """If every conversation trains its last turn alone, it is the config's doing: a warning."""
    rows = [
        turns(chatml_dir, QUESTION, ("assistant", "Here.", False), QUESTION, ANSWER),
        turns(chatml_dir, QUESTION, ANSWER),
    ]

    report = checked(tmp_path, rows, chatml_dir)

    assert found(report) == {"L-LAST-TURN": [0]}
    assert the_finding(report, "L-LAST-TURN").severity == "warning"


def test_roles_may_take_several_tokens(tmp_path: Path, chatml_dir: Path) -> None:
    """Roles are read as text, however the tokenizer cuts them."""
    rows = [turns(chatml_dir, ("tool", "42", True), ("system", "Be kind.", True), ANSWER)]

    report = checked(tmp_path, rows, chatml_dir)

    roles = [finding.message for finding in report.findings]
    assert roles == ["system turns are trained", "tool turns are trained"]


def test_the_first_strange_token_is_shown(tmp_path: Path, mistral_dir: Path) -> None:
    """Of several tokens at fault in a row the first is shown, whatever their ids."""
    rows = [([1, 40_000, -7, 50_000, 2], [-100, -100, -100, 50_000, 2])]

    finding = the_finding(checked(tmp_path, rows, mistral_dir), "L-ID-RANGE")

    assert finding.evidence.startswith("row 0, token 1 (masked): ")
    assert "50,000" in finding.message


def test_without_a_tokenizer(tmp_path: Path, chatml_dir: Path) -> None:
    """What needs no tokenizer is checked, and shown by ids; the rest says why it was not run."""
    good = turns(chatml_dir, QUESTION, ANSWER)
    ids, labels = turns(chatml_dir, QUESTION, ("assistant", "No.", True))
    labels[-2] = 7

    report = checked(tmp_path, [good, good, (ids, labels)], None)

    assert found(report) == {"L-DUPLICATE": [1], "L-LABEL": [2]}
    assert "▸⟨#3002⟩◂" in the_finding(report, "L-LABEL").evidence
    assert report.not_run["L-EOS-MASKED"] == "no tokenizer"


def test_a_copy_must_agree_in_its_labels(tmp_path: Path, chatml_dir: Path) -> None:
    """The same tokens trained elsewhere are another sample."""
    ids, labels = turns(chatml_dir, QUESTION, ANSWER, QUESTION, ANSWER)
    first = [-100 if place > len(ids) // 2 else label for place, label in enumerate(labels)]

    report = checked(tmp_path, [(ids, labels), (ids, first)], chatml_dir)

    assert "L-DUPLICATE" not in found(report)


def test_rows_alike_at_every_probe_are_no_copies(tmp_path: Path, chatml_dir: Path) -> None:
    """Rows that agree where they are first compared are compared as a whole."""
    ids = [*range(5, 105), 3002]
    other = list(ids)
    other[1], other[2] = 300, 301

    report = checked(tmp_path, [(ids, ids), (other, other), (ids, ids)], chatml_dir)

    assert found(report)["L-DUPLICATE"] == [2]
