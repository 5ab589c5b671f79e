"""A person's own checks: what they see, what they find, and mistakes in their file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from inspect_tool.errors import InspectError
from inspect_tool.samples.assertions import assert_all, load_assertions
from inspect_tool.samples.prepared import PreparedDataset
from inspect_tool.samples.vocabulary import Vocabulary
from tests.arrow_files import save, supervised
from tests.samples.checks.rendered import turns

if TYPE_CHECKING:
    from pathlib import Path

    from inspect_tool.findings import Finding


@pytest.fixture
def dataset(tmp_path: Path, chatml_dir: Path) -> PreparedDataset:
    """Three conversations; the second answer is no number."""
    rows = [
        turns(chatml_dir, ("user", f"What is {n}?", False), ("assistant", answer, True))
        for n, answer in enumerate(("zero 0", "nothing", "two 2"))
    ]
    return PreparedDataset.open(save(tmp_path / "rows", supervised(rows)))


def refused(
    source: str, dataset: PreparedDataset, tmp_path: Path, tokenizer: Path
) -> dict[str, Finding]:
    """Run the assertions of a source file on every row."""
    file = tmp_path / "mine.py"
    file.write_text(source, encoding="utf-8")
    findings = assert_all(load_assertions(file), dataset, Vocabulary.load(tokenizer))
    return {finding.code: finding for finding in findings}


def test_refused_rows_are_a_finding(
    dataset: PreparedDataset, tmp_path: Path, chatml_dir: Path
) -> None:
    """The function's name makes the code, its docstring the message, its assert the evidence."""
    source = '''
def names_a_number(sample):
    """Every answer holds a digit."""
    assert any(c.isdigit() for c in sample.trained_text), sample.trained_text

def is_short(sample):
    assert len(sample.tokens) < 100
'''

    findings = refused(source, dataset, tmp_path, chatml_dir)

    assert set(findings) == {"A-names_a_number"}
    finding = findings["A-names_a_number"]
    assert (list(finding.rows), finding.count, finding.severity) == ([1], 1, "error")
    assert finding.message == "Every answer holds a digit."
    assert finding.evidence == "row 1: nothing<|im_end|>"


def test_what_an_assertion_sees(dataset: PreparedDataset, tmp_path: Path, chatml_dir: Path) -> None:
    """Text, spans, tokens, ids, labels and the row are those of the sample."""
    source = """
def sees(s):
    assert s.text == "".join(s.tokens) == "".join(span.text for span in s.spans)
    assert s.trained_text == "".join(span.text for span in s.spans if span.trained)
    assert s.trained_text + s.masked_text and s.trained_text not in s.masked_text
    assert [i for i, l in zip(s.ids, s.labels) if l != -100] == [l for l in s.labels if l != -100]
    assert s.kind == "sft" and s.columns == {} and s.row in (0, 1, 2)
    assert s.masked_text.startswith("<|im_start|>user\\nWhat is")
    assert s.sequences["input_ids"].text == s.text
"""

    assert refused(source, dataset, tmp_path, chatml_dir) == {}


def test_pairs_are_seen_by_name(tmp_path: Path) -> None:
    """Rows stored as text have a sequence for each, and need no tokenizer."""
    table = pa.table({"prompt": ["p"], "chosen": ["good"], "rejected": ["bad"], "source": ["x"]})
    dataset = PreparedDataset.open(save(tmp_path / "rows", table))
    file = tmp_path / "mine.py"
    file.write_text(
        "def sees(s):\n"
        "    texts = {name: each.text for name, each in s.sequences.items()}\n"
        "    assert texts == {'prompt': 'p', 'chosen': 'good', 'rejected': 'bad'}\n"
        "    assert s.columns == {'source': 'x'} and s.text == 'p'\n",
        encoding="utf-8",
    )

    assert assert_all(load_assertions(file), dataset, None) == ()


def test_a_bare_assert_shows_its_line(
    dataset: PreparedDataset, tmp_path: Path, chatml_dir: Path
) -> None:
    """Without a message the line that refused is the evidence."""
    source = "def is_long(sample):\n    assert len(sample.text) > 10_000\n"

    finding = refused(source, dataset, tmp_path, chatml_dir)["A-is_long"]

    assert finding.evidence == "row 0: assert len(sample.text) > 10_000"
    assert finding.message == "is long"


def test_helpers_and_imports_are_no_assertions(
    dataset: PreparedDataset, tmp_path: Path, chatml_dir: Path
) -> None:
    """Only the file's own public functions run; it may import its neighbours."""
    (tmp_path / "neighbour.py").write_text("def helper(sample, more):\n    return more\n")
    source = """
import json
from neighbour import helper
from os.path import join

LIMIT = 10_000

def _inner(sample):
    raise RuntimeError

class Holder:
    pass

def is_short(sample):
    assert len(sample.text) < helper(sample, LIMIT)
"""

    assert refused(source, dataset, tmp_path, chatml_dir) == {}
    assert not (tmp_path / "__pycache__").exists()


def test_nothing_is_written_beside_the_file(
    dataset: PreparedDataset, tmp_path: Path, chatml_dir: Path
) -> None:
    """No bytecode of the file is left."""
    refused("def is_any(sample):\n    pass\n", dataset, tmp_path, chatml_dir)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.py", "rows"]


def test_output_does_not_reach_stdout(
    dataset: PreparedDataset,
    tmp_path: Path,
    chatml_dir: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What an assertion prints goes to stderr: stdout is data."""
    source = "print('loaded')\ndef talks(sample):\n    print('checking')\n"

    refused(source, dataset, tmp_path, chatml_dir)

    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.splitlines() == ["loaded", "checking", "checking", "checking"]


def test_hostile_messages_are_made_safe(
    dataset: PreparedDataset, tmp_path: Path, chatml_dir: Path
) -> None:
    """What an assertion says of the data reaches the screen as visible text."""
    source = "def is_calm(sample):\n    assert False, '\\x1b[31mred\\n' * 100\n"

    evidence = refused(source, dataset, tmp_path, chatml_dir)["A-is_calm"].evidence

    assert evidence.isprintable()
    assert len(evidence) < 300


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def broken(:\n", r"mine.py:1: not Python"),
        ("\n\nimport no_such_module_anywhere\n", r"mine.py:3: .*ModuleNotFoundError"),
        ("\nraise SystemExit(3)\n", r"mine.py:2: .*SystemExit: 3"),
        ("X = 1\n", r"mine.py: no assertion there .*def is_short"),
        ("def two(a, b):\n    pass\n", r"mine.py:1: two is no function of one sample"),
        ("\ndef none():\n    pass\n", r"mine.py:2: none is no function of one sample"),
        ("async def later(s):\n    pass\n", r"mine.py:1: later is no function of one sample"),
        ("def lazy(s):\n    yield 1\n", r"mine.py:1: lazy is no function of one sample"),
        ("x = '\x00'\n", r"mine.py"),
    ],
)
def test_mistakes_in_the_file(source: str, said: str, tmp_path: Path) -> None:
    """A file that cannot be used says where and why."""
    file = tmp_path / "mine.py"
    file.write_text(source, encoding="utf-8")

    with pytest.raises(InspectError, match=said):
        load_assertions(file)


def test_a_missing_file(tmp_path: Path) -> None:
    """A file that is not there is named."""
    with pytest.raises(InspectError, match=r"none.py: No such file"):
        load_assertions(tmp_path / "none.py")


def test_an_assertion_that_fails_otherwise(
    dataset: PreparedDataset, tmp_path: Path, chatml_dir: Path
) -> None:
    """Another exception is a mistake of the function: its line and the row are named."""
    source = "def reads(sample):\n    if sample.row == 2:\n        sample.columns['x']\n"

    with pytest.raises(InspectError, match=r"mine.py:3: reads failed on row 2 with KeyError"):
        refused(source, dataset, tmp_path, chatml_dir)


def test_token_rows_need_a_tokenizer(dataset: PreparedDataset, tmp_path: Path) -> None:
    """Ids alone are no text to judge."""
    file = tmp_path / "mine.py"
    file.write_text("def is_any(sample):\n    pass\n", encoding="utf-8")

    with pytest.raises(InspectError, match="--tokenizer"):
        assert_all(load_assertions(file), dataset, None)


def test_rows_can_be_filtered(dataset: PreparedDataset, tmp_path: Path, chatml_dir: Path) -> None:
    """A finding's rows are the filter: run on some rows, it refuses among those."""
    file = tmp_path / "mine.py"
    file.write_text("def is_zero(sample):\n    assert '0' in sample.text\n", encoding="utf-8")
    vocabulary = Vocabulary.load(chatml_dir)

    (finding,) = assert_all(load_assertions(file), dataset, vocabulary, rows=[0, 2])

    assert list(finding.rows) == [2]
