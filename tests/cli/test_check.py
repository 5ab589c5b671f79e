"""`inspect-tool check`: what it prints, how it ends, and what it accepts."""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from inspect_tool.cli import checking
from tests.arrow_files import save, supervised
from tests.hostile import hostile_text, hostile_tokenizer, hostile_tokens
from tests.processes import run, run_in_terminal
from tests.samples.checks.rendered import checked, turns
from tests.schemas import schema

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

ESCAPES = re.compile(rb"\x1b\[[0-9;]*m")
ASK = ("user", "Which way?", False)


@pytest.fixture
def folder(tmp_path: Path, chatml_dir: Path) -> Path:
    """Five good rows, a copy of one, one without trained tokens and one ending in a space."""
    rows = [turns(chatml_dir, ASK, ("assistant", f"Way {n}.", True)) for n in range(5)]
    rows += [
        rows[2],
        turns(chatml_dir, ASK, ("assistant", "No.", False)),
        turns(chatml_dir, ASK, ("assistant", "No. ", True)),
    ]
    return save(tmp_path / "rows", supervised(rows))


def document(result: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """Return the JSON that a run printed, held to its schema."""
    read: dict[str, Any] = json.loads(result.stdout)
    Draft202012Validator(schema("check")).validate(read)
    return read


def codes(result: subprocess.CompletedProcess[str]) -> list[str]:
    """Return the codes of the findings that a run printed as JSON."""
    return [finding["code"] for finding in document(result)["findings"]]


def test_text(folder: Path, chatml_dir: Path) -> None:
    """Counts, then each finding with its rows, a shown token and the way out; exit 1."""
    result = run("check", folder, "--tokenizer", chatml_dir)

    assert result.returncode == 1
    assert result.stderr == ""
    lines = result.stdout.splitlines()
    assert any(re.match(r"rows +8$", line) for line in lines)
    assert any(re.match(r"ends with +<\|im_end\|> 100.0%$", line) for line in lines)
    assert "error    L-ALL-MASKED  1 row: 6" in lines
    assert "warning  L-DUPLICATE  1 row: 5" in lines
    assert any(line.startswith("  shown row 5 is row 2 again") for line in lines)
    assert any(line.startswith("  fix   dataset_exact_deduplication: ") for line in lines)
    assert any(re.match(r"1 error, 1 warning, 1 remark; \d+ checks run$", line) for line in lines)


def test_json(folder: Path, chatml_dir: Path) -> None:
    """One document with exact counts and all rows, as the schema says."""
    read = document(run("check", folder, "--tokenizer", chatml_dir, "--json"))

    found = {finding["code"]: finding for finding in read["findings"]}
    assert set(found) == {"L-ALL-MASKED", "L-DUPLICATE", "L-TAIL-WS"}
    assert (found["L-ALL-MASKED"]["rows"], found["L-ALL-MASKED"]["count"]) == ([6], 1)
    assert read["rows"] == 8
    assert read["tokens"] > read["trained_tokens"] > 0
    assert read["last_tokens"][0]["text"] == "<|im_end|>"


def test_max_rows(folder: Path) -> None:
    """Rows are capped, counts are not."""
    result = run("check", folder, "--json", "--max-rows", 0)

    assert [(each["count"], each["rows"]) for each in document(result)["findings"]] == [
        (1, []),
        (1, []),
    ]


@pytest.mark.parametrize(
    ("options", "status", "found"),
    [
        (["--select", "L-TAIL-WS"], 0, ["L-TAIL-WS"]),
        (["--select", "tail-ws,duplicate"], 1, ["L-DUPLICATE", "L-TAIL-WS"]),
        (["--ignore", "L-ALL-MASKED", "--ignore", "L-DUPLICATE"], 0, ["L-TAIL-WS"]),
        (["--select", "L-BOS"], 0, []),
    ],
)
def test_exit_status(
    options: list[str], status: int, found: list[str], folder: Path, chatml_dir: Path
) -> None:
    """1 for an error or a warning among what is asked for, 0 for remarks alone or nothing."""
    result = run("check", folder, "--tokenizer", chatml_dir, "--json", *options)

    assert (result.returncode, codes(result)) == (status, found)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--select", "L-NONE"], "no check has the code 'L-NONE'"),
        (["--write-baseline"], "--write-baseline needs --baseline FILE"),
        (["--baseline", "none.json"], "none.json: no baseline there"),
        (["--assertions", "none.py"], "none.py: No such file or directory"),
        (["--max-rows", "-1"], "max-rows"),
    ],
)
def test_wrong_usage(options: list[str], said: str, folder: Path, chatml_dir: Path) -> None:
    """One line on stderr, nothing on stdout, exit 2."""
    result = run("check", folder, "--tokenizer", chatml_dir, *options)

    assert (result.returncode, result.stdout) == (2, "")
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_without_a_tokenizer(folder: Path) -> None:
    """What can be checked is checked, what is missing is said once."""
    result = run("check", folder, "--json")

    assert result.returncode == 1
    assert codes(result) == ["L-ALL-MASKED", "L-DUPLICATE"]
    assert set(document(result)["checks_not_run"].values()) == {"no tokenizer"}
    assert "--tokenizer" in result.stderr
    assert "not run" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_baseline(folder: Path, tmp_path: Path, chatml_dir: Path) -> None:
    """What was accepted is no finding any more; what is new is."""
    command = ("check", folder, "--tokenizer", chatml_dir, "--json")
    baseline = ("--baseline", tmp_path / "accepted.json")

    written = run(*command, *baseline, "--write-baseline")
    known = run(*command, *baseline)
    rows = [turns(chatml_dir, ASK, ("assistant", "New, masked.", False))]
    save(folder, supervised(rows))
    new = run(*command, *baseline)

    assert (written.returncode, len(codes(written))) == (0, 3)
    assert "accepted.json: accepts 3 findings from now on" in written.stderr
    assert (known.returncode, codes(known), document(known)["accepted"]) == (0, [], 3)
    assert (new.returncode, codes(new)) == (1, ["L-ALL-MASKED"])


def test_assertions(folder: Path, tmp_path: Path, chatml_dir: Path) -> None:
    """Functions of a person's own give findings of their own, which can be selected."""
    file = tmp_path / "mine.py"
    file.write_text(
        "def names_no_way(sample):\n"
        '    """No answer names a way."""\n'
        "    assert 'Way' not in sample.trained_text\n"
        "def is_short(sample):\n"
        "    assert len(sample.tokens) < 4\n"
    )
    command = ("check", folder, "--tokenizer", chatml_dir, "--assertions", file, "--json")

    everything = run(*command)
    one = run(*command, "--select", "A-names_no_way")

    own = ["A-names_no_way", "A-is_short"]
    assert codes(everything) == ["L-ALL-MASKED", *own, "L-DUPLICATE", "L-TAIL-WS"]
    assert codes(one) == ["A-names_no_way"]
    assert document(one)["findings"][0]["rows"] == [0, 1, 2, 3, 4, 5]


def test_an_assertion_that_breaks(folder: Path, tmp_path: Path, chatml_dir: Path) -> None:
    """Its line is named; no report and no traceback is printed."""
    file = tmp_path / "mine.py"
    file.write_text("def breaks(sample):\n    return sample.nothing\n")

    result = run("check", folder, "--tokenizer", chatml_dir, "--assertions", file)

    assert (result.returncode, result.stdout) == (2, "")
    assert "mine.py:2: breaks failed on row 0 with AttributeError" in result.stderr


def test_near_duplicates_on_request(tmp_path: Path, chatml_dir: Path) -> None:
    """Rows that are nearly the same are looked for when asked."""
    texts = [" ".join(str(n * k) for k in range(40)) for n in range(1, 6)]
    rows = [turns(chatml_dir, ASK, ("assistant", text, True)) for text in [*texts, texts[2] + " 7"]]
    folder = save(tmp_path / "rows", supervised(rows))

    asked = run("check", folder, "--tokenizer", chatml_dir, "--json", "--near-duplicates")
    not_asked = run("check", folder, "--tokenizer", chatml_dir, "--json")

    assert (codes(asked), codes(not_asked)) == (["L-NEAR-DUPLICATE"], [])


def test_damage(folder: Path, chatml_dir: Path) -> None:
    """A shard cut short is a finding that names the file; intact rows are checked."""
    (shard,) = folder.glob("*.arrow")
    shard.write_bytes(shard.read_bytes()[:-8])

    result = run("check", folder, "--tokenizer", chatml_dir, "--json")

    read = document(result)
    assert result.returncode == 1
    assert read["findings"][0]["code"] == "L-DAMAGED"
    assert str(shard) in read["findings"][0]["message"]
    assert read["rows"] == 8


def test_nothing_there(tmp_path: Path) -> None:
    """A folder without a dataset is refused as everywhere else."""
    result = run("check", tmp_path)

    assert (result.returncode, result.stdout) == (2, "")


def test_in_a_terminal(folder: Path, chatml_dir: Path) -> None:
    """On a terminal severities have a colour, and no line is wider than it."""
    shown = run_in_terminal("check", folder, "--tokenizer", chatml_dir, size=(24, 60))

    assert shown.status == 1
    assert b"\x1b[1;31merror" in shown.raw
    plain = ESCAPES.sub(b"", shown.raw).decode()
    assert max(map(len, plain.splitlines())) <= 60


def test_no_color(folder: Path, chatml_dir: Path) -> None:
    """NO_COLOR is respected."""
    shown = run_in_terminal("check", folder, "--tokenizer", chatml_dir, env={"NO_COLOR": "1"})

    assert b"\x1b" not in shown.raw


@pytest.mark.parametrize(("write", "status"), [(hostile_tokens, 1), (hostile_text, 0)])
def test_hostile_data(write: Callable[[Path], Path], status: int, tmp_path: Path) -> None:
    """Nothing of the data reaches the terminal but as text: escapes are our own colours."""
    tokenizer = hostile_tokenizer(tmp_path / "tokenizer")
    folder = write(tmp_path / "rows")

    shown = run_in_terminal("check", folder, "--tokenizer", tokenizer)

    assert shown.status == status
    assert b"\x1b" not in ESCAPES.sub(b"", shown.raw)
    text = ESCAPES.sub(b"", shown.raw).decode().replace("\r\n", "")
    assert text.isprintable()
    assert len(text) < 20_000


def test_hostile_json(tmp_path: Path) -> None:
    """JSON of hostile data is ASCII and follows the schema."""
    tokenizer = hostile_tokenizer(tmp_path / "tokenizer")

    result = run("check", hostile_tokens(tmp_path / "rows"), "--tokenizer", tokenizer, "--json")

    assert result.stdout.isascii()
    assert "L-ID-RANGE" in codes(result)


class Terminal(io.StringIO):
    """A stream that somebody watches."""

    def isatty(self) -> bool:
        """Always."""
        return True


def test_a_long_pass_tells_how_far_it_is(
    tmp_path: Path, chatml_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line is written over itself, and nothing of it is left in the end."""
    monkeypatch.setattr(checking, "QUIET_SECONDS", 0.0)
    report = checked(tmp_path, [turns(chatml_dir, ASK, ("assistant", "Yes.", True))], chatml_dir)
    stream = Terminal()
    progress = checking.Progress(stream)

    progress.tell(report)
    progress.forget()

    first, *rest, last = stream.getvalue().split("\r")[1:]
    assert first == "checked 1 of 1 rows"
    assert [line.strip() for line in (*rest, last)] == ["", ""]


def test_nobody_is_told_where_nobody_watches(tmp_path: Path, chatml_dir: Path) -> None:
    """A log gets no progress."""
    report = checked(tmp_path, [turns(chatml_dir, ASK, ("assistant", "Yes.", True))], chatml_dir)
    stream = io.StringIO()
    progress = checking.Progress(stream)

    progress.tell(report)
    progress.forget()

    assert stream.getvalue() == ""
