"""`diff` prints what differs, as text or as JSON, and says by its status whether anything does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from inspect_tool.__main__ import main
from inspect_tool.cli.diffing import Asked, printed
from inspect_tool.prompts.diff.results import DiffReport
from tests.arrow_files import answered, save, supervised
from tests.processes import run
from tests.schemas import schema

CONFIG = """\
base_model: {tokenizer}
chat_template: chatml
datasets: [{{path: {folder}/data.jsonl, ds_type: json, type: chat_template}}]
sequence_len: 512
micro_batch_size: 1
gradient_accumulation_steps: 1
num_epochs: 1
learning_rate: 0.0002
"""
ROWS = [
    {
        "messages": [
            {"role": "user", "content": f"Say {word}."},
            {"role": "assistant", "content": word},
        ]
    }
    for word in ("one", "two", "three")
]
PROMPT = "<|im_start|>user\n{q}<|im_end|>\n<|im_start|>assistant"


@pytest.fixture
def config(tmp_path: Path, chatml_dir: Path) -> Path:
    """A ChatML config of three rows, and a prompt file that lacks the last newline."""
    (tmp_path / "data.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in ROWS))
    (tmp_path / "p.txt").write_text(PROMPT)
    path = tmp_path / "config.yml"
    path.write_text(CONFIG.format(tokenizer=chatml_dir, folder=tmp_path))
    return path


@pytest.mark.slow
def test_agreement_ends_with_0(config: Path) -> None:
    """Where all agrees the status is 0, and a pipe gets one line and no talk."""
    answer = run("diff", config, "--against", "chat-template")

    assert answer.returncode == 0
    assert answer.stdout.splitlines()[0] == "── chat-template · all 3 rows agree ──"
    assert not answer.stderr


@pytest.mark.slow
def test_differences_end_with_1(config: Path) -> None:
    """A difference gives status 1; each target has its own heading."""
    answer = run(
        "diff", config, "--against", "text:p.txt", "--against", "axolotl",
        "--fill", "q=messages.0.content", "--row", "2", cwd=config.parent,
    )  # fmt: skip

    assert answer.returncode == 1
    assert "── text:p.txt · 1 of 1 rows differ" in answer.stdout
    assert "raw row 2" in answer.stdout
    assert "── axolotl · all 1 rows agree" in answer.stdout


@pytest.mark.slow
def test_json_is_what_the_schema_says(config: Path) -> None:
    """One document on stdout, valid by docs/schemas/diff.json, whose ranges cover the tokens."""
    answer = run(
        "diff", config, "--against", "text:p.txt", "--fill", "q=messages.0.content",
        "--limit", "2", "--json", cwd=config.parent,
    )  # fmt: skip

    document = json.loads(answer.stdout)
    Draft202012Validator(schema("diff")).validate(document)
    assert answer.returncode == 1
    assert document["targets"] == [
        {
            "target": "text:p.txt",
            "samples": 2,
            "differing": 2,
            "causes": {"D-WHITESPACE": 2},
            "failed": 0,
        }
    ]
    sample = document["samples"][1]
    (found,) = sample["differences"]
    assert sample["train"]["text"] == sample["inference"]["text"] + "\n"
    assert found["train"] == [len(sample["train"]["ids"]) - 1, len(sample["train"]["ids"])]
    assert sample["stop"]["ok"]


@pytest.mark.slow
def test_rows_that_cannot_be_compared_end_with_2(config: Path) -> None:
    """Rows without a prompt are no agreement."""
    (config.parent / "other.txt").write_text("Dear {q}, farewell.")

    answer = run("diff", config, "--against", "text:other.txt", cwd=config.parent)

    assert answer.returncode == 2
    assert "nothing was found for {q}" in answer.stdout
    assert answer.stderr == "inspect-tool: no row could be compared\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "--against WHAT, or --version-pair"),
        (("--against", "axolotl", "--version-pair", "a", "b"), "--against WHAT, or --version-pair"),
        (("--against", "nonsense"), "no such target"),
        (("--against", "axolotl", "--fill", "q"), "not NAME=FIELD"),
        (("--version-pair", "a", "b", "--limit", "3"), "takes no other option"),
    ],
)
def test_usage_errors_are_one_line(
    config: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    """What is wrong on the command line is said before axolotl is started."""
    status = main(["diff", str(config), *arguments])

    error = capsys.readouterr().err
    assert status == 2
    assert said in error
    assert error.count("\n") == 1


def test_two_prepared_folders(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """--version-pair names the tokens whose mask changed, and needs no axolotl."""
    save(tmp_path / "old", supervised([answered([300, 301, 302, 303], prompt=2)]))
    save(tmp_path / "new", supervised([answered([300, 301, 302, 303], prompt=3)]))
    pair = (str(tmp_path / "old"), str(tmp_path / "new"))

    status = main(["diff", str(config), "--version-pair", *pair, "--json"])

    document = json.loads(capsys.readouterr().out)
    Draft202012Validator(schema("diff")).validate(document)
    (found,) = document["samples"][0]["differences"]
    assert status == 1
    assert found["cause"] == "D-LIBVERSION"
    assert found["train"] == [2, 3]
    assert "trained before, masked now" in found["message"]
    assert found["mask"] == "trained before, masked now"


def test_a_pair_is_told_as_before_and_after(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A changed mask is one line, rows are prepared ones, and one that is gone is named."""
    rows = [answered([300, 301, 302, 303], prompt=2), answered([310, 311, 312], prompt=1)]
    save(tmp_path / "old", supervised(rows))
    save(tmp_path / "new", supervised([answered([300, 301, 302, 303], prompt=3)]))
    pair = (str(tmp_path / "old"), str(tmp_path / "new"))

    status = main(["diff", str(config), "--version-pair", *pair])

    text = capsys.readouterr().out
    assert status == 1
    assert "\nrow 0\n" in text
    assert "[302]   (trained before, masked now, D-LIBVERSION)" in text
    assert "note: the mask of 1 rows changed" in text
    assert f"not compared: row 1: only before, in {tmp_path / 'old'}" in text


def test_a_row_that_is_gone_is_a_difference(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An upgrade that drops a row is no agreement, and no bad input either."""
    rows = [answered([300, 301, 302, 303], prompt=2), answered([310, 311, 312], prompt=1)]
    save(tmp_path / "old", supervised(rows))
    save(tmp_path / "new", supervised(rows[:1]))

    status = main(["diff", str(config), "--version-pair", f"{tmp_path}/old", f"{tmp_path}/new"])

    assert status == 1


def test_nothing_compared_is_no_agreement(capsys: pytest.CaptureFixture[str]) -> None:
    """Where every row is dropped for its length the status is that of bad input."""
    report = DiffReport(("axolotl",), (), (), ("3 rows are dropped for their length",))

    status = printed(report, Asked(config=Path("train.yml")))

    said = capsys.readouterr()
    assert status == 2
    assert "3 rows are dropped" in said.out
    assert said.err == "inspect-tool: no row could be compared\n"
