"""`show` prints the samples asked for, with what is trained told apart, and says what it cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pyarrow as pa
import pytest

from inspect_tool.__main__ import main
from tests.arrow_files import IDS, LABELS, save
from tests.processes import run, run_in_terminal

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = """\
base_model: {tokenizer}
datasets: [{{path: data.jsonl, type: alpaca}}]
dataset_prepared_path: {prepared}
val_set_size: 0.25
"""


class Show(Protocol):
    """Runs `show` on the four rows in this process and returns its stdout."""

    def __call__(self, *arguments: str) -> str:
        """Run one command line."""


@pytest.fixture
def show(answers: Path, mistral_dir: Path, capsys: pytest.CaptureFixture[str]) -> Show:
    """Run `show` with Mistral's tokenizer."""

    def run_show(*arguments: str) -> str:
        assert main(["show", str(answers), "--tokenizer", str(mistral_dir), *arguments]) == 0
        return capsys.readouterr().out

    return run_show


def headings(text: str) -> list[str]:
    """Return the lines that begin a sample."""
    return [line for line in text.splitlines() if line.startswith("── row")]


def test_first_samples(show: Show) -> None:
    """Without options the first three are printed."""
    assert [line.split()[2] for line in headings(show())] == ["0", "1", "2"]


def test_rows(show: Show) -> None:
    """Rows are printed as asked for, in that order, repeats included."""
    text = show("--row", "3", "--row", "0", "--row", "3")

    assert [line.split()[2] for line in headings(text)] == ["3", "0", "3"]


def test_limit(show: Show) -> None:
    """A limit above the number of rows prints all, a limit of 0 none."""
    assert len(headings(show("--limit", "9"))) == 4
    assert headings(show("--limit", "0")) == []


def test_heading(show: Show) -> None:
    """One line says how long a sample is, how much of it is trained and how it ends."""
    (line,) = headings(show("--row", "0"))

    assert line == "── row 0 · 18 tokens · 9 trained (50.0%) · end token </s> trained ──"


def test_trained_text_is_between_marks(show: Show) -> None:
    """One pair of marks closes around the whole answer, special tokens have their own."""
    text = show("--row", "0", "--plain")

    assert "⟪<s>⟫ Add 1 and 2:\n⟦ 1 + 2 = 3⟪</s>⟫⟧\n" in text


def test_text_reads_as_text(show: Show) -> None:
    """Characters of several tokens are whole, newlines end lines, tabs keep their place."""
    assert "⟪<s>⟫ Say 漢字 🎉:\n⟦ 漢字 🎉\n    done⟪</s>⟫⟧\n" in show("--row", "1")


def test_whitespace(show: Show) -> None:
    """White space is drawn on request."""
    assert "⟪<s>⟫·Say·漢字·🎉:↵\n⟦·漢字·🎉↵\n→   done⟪</s>⟫⟧\n" in show(
        "--row", "1", "--whitespace"
    )


def test_ids(show: Show) -> None:
    """Each token carries its id, also one that ends a line."""
    text = show("--row", "0", "--ids")

    assert "⟪<s>⟫[1] Add[3301] [28705]1[28740] and[304] [28705]2[28750]:[28747]↵[13]\n⟦" in text
    assert "⟪</s>⟫[2]⟧" in text


def test_ascii(show: Show) -> None:
    """ASCII output marks and escapes whatever is not ASCII."""
    text = show("--row", "1", "--ascii")

    assert text.isascii()
    assert "{|<s>|} Say \\u6f22\\u5b57 \\U0001f389:\n{+ \\u6f22\\u5b57 \\U0001f389\n" in text


def test_colors(show: Show) -> None:
    """With colour trained text is bold and green, masked text dim, and there are no marks."""
    text = show("--row", "0", "--color", "always")

    assert (
        "\x1b[2m Add 1 and 2:\x1b[0m\n\x1b[1;32m 1 + 2 = 3\x1b[0m\x1b[1;4;35m</s>\x1b[0m\n" in text
    )
    assert "⟦" not in text


def test_every_line_ends_its_own_style(show: Show) -> None:
    """A style that runs over lines is closed and opened again, so that a pager shows it right."""
    text = show("--row", "3", "--color", "always", "--width", "40")

    assert all(line.count("\x1b[0m") * 2 == line.count("\x1b[") for line in text.splitlines())


def test_lines_fold_to_the_terminal(answers: Path, mistral_dir: Path) -> None:
    """On a terminal no line is wider than it is."""
    shown = run_in_terminal(
        "show", answers, "--tokenizer", mistral_dir, "--plain", "--limit", 4, size=(24, 40)
    )

    lines = shown.raw.decode().replace("\r\n", "\n").splitlines()
    assert shown.status == 0
    assert max(len(line) for line in lines) <= 40
    assert "── row 3" in shown.raw.decode()


def test_no_color(answers: Path, mistral_dir: Path) -> None:
    """NO_COLOR on a terminal gives marks."""
    shown = run_in_terminal("show", answers, "--tokenizer", mistral_dir, env={"NO_COLOR": "1"})

    assert "⟦".encode() in shown.raw
    assert b"\x1b" not in shown.raw


def test_a_terminal_gets_color(answers: Path, mistral_dir: Path) -> None:
    """And without NO_COLOR colour."""
    assert b"\x1b[1;32m" in run_in_terminal("show", answers, "--tokenizer", mistral_dir).raw


@pytest.mark.parametrize("row", ["4", "-1", "99999999999999999999"])
def test_a_row_that_is_not_there(
    row: str, answers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A row out of range is bad input, and the range is named."""
    assert main(["show", str(answers), f"--row={row}"]) == 2

    assert "its rows are 0 to 3" in capsys.readouterr().err


def test_a_dataset_of_no_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A valid dataset of no rows prints its heading alone."""
    folder = save(tmp_path, pa.table({"input_ids": pa.array([], IDS)}))

    assert main(["show", str(folder)]) == 0
    assert "0 rows" in capsys.readouterr().out
    assert main(["show", str(folder), "--row", "0"]) == 2
    assert "it has no rows" in capsys.readouterr().err


def test_splits(
    answers: Path, mistral_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The config's val_set_size puts the last rows in the eval split."""
    config = tmp_path / "config.yml"
    config.write_text(CONFIG.format(tokenizer=mistral_dir, prepared=answers.parent))
    line = ["show", str(answers), "--config", str(config)]

    assert main([*line, "--split", "eval"]) == 0
    assert [h.split()[2:5] for h in headings(capsys.readouterr().out)] == [["3", "·", "eval"]]
    assert main([*line, "--split", "dev"]) == 2
    assert "it has train, eval" in capsys.readouterr().err


def test_no_split_is_known(answers: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a config nothing tells the splits."""
    assert main(["show", str(answers), "--split", "train"]) == 2
    assert "--config" in capsys.readouterr().err


def test_without_a_tokenizer(answers: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Ids are shown, trained ones between marks, and the flag that helps is named."""
    assert main(["show", str(answers), "--row", "0"]) == 0

    captured = capsys.readouterr()
    assert "\n1 3301 28705 28740" in captured.out
    assert captured.out.count("⟦") == 2
    assert captured.err.count("\n") == 1
    assert "--tokenizer" in captured.err


def test_a_tokenizer_that_is_not_there(answers: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The name that was given is named, and ids are shown."""
    assert main(["show", str(answers), "--tokenizer", "/no/such/tokenizer"]) == 0

    captured = capsys.readouterr()
    assert "/no/such/tokenizer" in captured.err
    assert "3301" in captured.out


def test_labels_unlike_their_tokens(
    tmp_path: Path, mistral_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A label that is neither -100 nor the token is shown after it (process rewards, mistakes)."""
    table = pa.table(
        {
            "input_ids": pa.array([[22557, 456, 349]], IDS),
            "labels": pa.array([[-100, 1, 349]], LABELS),
        }
    )
    folder = save(tmp_path, table)

    assert main(["show", str(folder), "--tokenizer", str(mistral_dir)]) == 0

    text = capsys.readouterr().out
    assert "1 label unlike the token" in text
    assert "Hello⟦ this[label 1] is⟧" in text


def test_a_bad_row_costs_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A row that cannot be read is named with its file; the others are printed."""
    table = pa.table(
        {
            "input_ids": pa.array([[5], [5, 6], [7]], IDS),
            "labels": pa.array([[5], [5], [7]], LABELS),
        }
    )
    folder = save(tmp_path, table)

    assert main(["show", str(folder)]) == 2

    captured = capsys.readouterr()
    assert [line.split()[2] for line in headings(captured.out)] == ["0", "2"]
    assert "data-00000-of-00001.arrow, row 1" in captured.err


def test_a_damaged_shard_is_told(answers: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is damaged is said on stderr; what was asked for is printed all the same."""
    file = answers / "data-00000-of-00001.arrow"
    file.write_bytes(file.read_bytes()[:-8])

    assert main(["show", str(answers), "--row", "0"]) == 0

    captured = capsys.readouterr()
    assert len(headings(captured.out)) == 1
    assert str(file) in captured.err


def test_reward_pairs(
    tmp_path: Path, mistral_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Chosen comes before rejected, and nothing is claimed about training."""
    table = pa.table(
        {
            "rejected_ids": pa.array([[1, 456]], LABELS),
            "chosen_ids": pa.array([[1, 22557, 2]], LABELS),
            "labels_chosen": [1.0],
        }
    )
    folder = save(tmp_path, table)

    assert main(["show", str(folder), "--tokenizer", str(mistral_dir)]) == 0

    text = capsys.readouterr().out
    assert text.index("── chosen · 3 tokens · no labels stored") < text.index("── rejected")
    assert "⟪<s>⟫ Hello⟪</s>⟫\n" in text
    assert "labels_chosen: 1.0" in text


def test_text_pairs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Preference text is printed as it is; a tokenizer is not asked for."""
    table = pa.table({"prompt": ["Why?"], "chosen": ["So.\n"], "rejected": ["No."], "n": [3]})
    folder = save(tmp_path, table)

    assert main(["show", str(folder)]) == 0

    captured = capsys.readouterr()
    assert "── prompt · text of 4 characters\nWhy?\n── chosen" in captured.out
    assert "So.\n── rejected" in captured.out
    assert "n: 3\n" in captured.out
    assert captured.err == ""


def test_prompts_as_messages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A conversation in a column reads as one, role by role."""
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}]
    folder = save(tmp_path, pa.table({"prompt": [messages], "answer": ["So."]}))

    assert main(["show", str(folder)]) == 0

    assert "prompt:\n  system: Be brief.\n  user: Why?\nanswer: So.\n" in capsys.readouterr().out


def test_long_columns_are_cut(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A column beside the sample does not bury it."""
    folder = save(tmp_path, pa.table({"text": ["short"], "raw": ["y" * 10_000]}))

    assert main(["show", str(folder)]) == 0

    assert "(10,000 characters; --json prints all)" in capsys.readouterr().out


def test_a_directory_names_what_it_has(tmp_path: Path) -> None:
    """A directory without a dataset of its own names the configs and folders below it."""
    project = tmp_path / "project"
    save(project / "data" / "rows", pa.table({"text": ["x"]}))
    (project / "a.yml").write_text(CONFIG.format(tokenizer="nowhere", prepared="elsewhere"))

    answer = run("show", cwd=project)

    assert answer.returncode == 2
    assert "name one of a.yml, data/rows" in answer.stderr
