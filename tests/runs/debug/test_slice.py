"""The first rows of the data, in the format that they had; the source is read only."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from inspect_tool.errors import InspectError
from inspect_tool.runs.cut import Cut, cut
from tests.runs.debug.plans import derived, plan

if TYPE_CHECKING:
    from pathlib import Path

ROWS = [{"text": f"row {number}\nbelow"} for number in range(9)]


def sliced(source: Path, kind: str, *, rows: int = 3) -> Path:
    """Cut a file and return the slice."""
    part = Cut(source, source.parent / "run" / source.name, kind, rows)
    cut(part)
    return part.target


def test_json_lines(tmp_path: Path) -> None:
    """Lines are copied byte for byte."""
    source = tmp_path / "a.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in ROWS))

    assert sliced(source, "json").read_bytes() == b"".join(source.read_bytes().splitlines(True)[:3])


def test_a_json_array(tmp_path: Path) -> None:
    """Its first items make a smaller array."""
    source = tmp_path / "a.json"
    source.write_text(json.dumps(ROWS, indent=1))

    assert json.loads(sliced(source, "json").read_text()) == ROWS[:3]


def test_csv_with_line_ends_in_quotes(tmp_path: Path) -> None:
    """A record of several lines counts once, and the header is kept."""
    source = tmp_path / "a.csv"
    source.write_text('text,n\n"one\ntwo",1\nthree,2\nfour,3\nfive,4\n')

    assert sliced(source, "csv").read_text() == 'text,n\n"one\ntwo",1\nthree,2\nfour,3\n'


def test_parquet(tmp_path: Path) -> None:
    """The rows and their types are the source's."""
    source = tmp_path / "a.parquet"
    table = pa.table({"text": ["a", "b", "c", "d", "e"], "n": pa.array(range(5), pa.int16())})
    pq.write_table(table, source, row_group_size=2)

    assert pq.read_table(sliced(source, "parquet")).equals(table.slice(0, 3))


@pytest.mark.parametrize("new", [pa.ipc.new_stream, pa.ipc.new_file], ids=["stream", "file"])
def test_arrow(tmp_path: Path, new: Any) -> None:
    """Both forms of Arrow files are read."""
    source = tmp_path / "a.arrow"
    table = pa.table({"text": ["a", "b", "c", "d"]})
    with pa.OSFile(str(source), "wb") as sink, new(sink, table.schema) as writer:
        writer.write_table(table)

    with pa.memory_map(str(sliced(source, "arrow"))) as opened:
        assert pa.ipc.open_stream(opened).read_all().equals(table.slice(0, 3))


def test_fewer_rows_than_wanted(tmp_path: Path) -> None:
    """A small file is copied whole."""
    source = tmp_path / "a.txt"
    source.write_text("one\ntwo")

    assert sliced(source, "text").read_text() == "one\ntwo"


@pytest.mark.parametrize(("name", "kind"), [("a.parquet", "parquet"), ("a.json", "json")])
def test_damaged_data(tmp_path: Path, name: str, kind: str) -> None:
    """The file is named, without a traceback."""
    source = tmp_path / name
    source.write_text("[not it")

    with pytest.raises(InspectError, match=name):
        sliced(source, kind)


def test_the_source_is_not_changed(tmp_path: Path) -> None:
    """Slicing reads only."""
    source = tmp_path / "a.jsonl"
    source.write_text('{"a": 1}\n' * 9)
    before = source.read_bytes(), source.stat().st_mtime_ns

    sliced(source, "json")
    assert (source.read_bytes(), source.stat().st_mtime_ns) == before


def test_data_files_and_splits(tmp_path: Path) -> None:
    """data_files are cut one by one; shards and parts of splits would leave too little."""
    (tmp_path / "a.jsonl").write_text("{}\n")
    text = """
base_model: m
datasets: [{path: json, data_files: [a.jsonl], split: "train[10%:]", shards: 8, type: alpaca}]
"""
    entry = derived(plan(tmp_path, text))["datasets"][0]

    assert entry["data_files"] == str(tmp_path / "run/data/datasets-0/a.jsonl")
    assert (entry["path"], entry["split"], "shards" in entry) == ("json", "train", False)


def test_a_folder_of_files(tmp_path: Path) -> None:
    """A data folder is cut file by file into one of the same layout."""
    (tmp_path / "data" / "deep").mkdir(parents=True)
    (tmp_path / "data" / "deep" / "a.jsonl").write_text("{}\n")
    planned = plan(tmp_path, "base_model: m\ndatasets: [{path: data, type: alpaca}]\n")

    assert [str(part.target.relative_to(tmp_path)) for part in planned.cuts] == [
        "run/data/datasets-0/deep/a.jsonl"
    ]


def test_a_folder_without_data(tmp_path: Path) -> None:
    """A folder of nothing but notes stands in the way; one of other data is axolotl's to read."""
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "README.md").write_text("no data")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "rows.jsonl.gz").write_text("")
    paths = ("notes", "other")
    notes, other = (
        plan(tmp_path, f"base_model: m\ndatasets: [{{path: {path}, type: alpaca}}]\n")
        for path in paths
    )

    assert "notes is a folder without data files" in [item.message for item in notes.errors]
    assert "P-DATA-MISSING" not in [item.code for item in other.errors]


@pytest.mark.parametrize("line", ["null", "[1, 2]", '{"a": 1', "\\xff"])
def test_a_line_that_is_no_object(tmp_path: Path, line: str) -> None:
    """It is named by its number: axolotl would crash or name no file."""
    source = tmp_path / "a.jsonl"
    source.write_text(f'{{"a": 1}}\n\n{line}\n')

    with pytest.raises(InspectError, match=r"a\.jsonl:3"):
        sliced(source, "json")


def test_blank_lines_are_no_rows(tmp_path: Path) -> None:
    """They are left out, and a file of them alone has no row."""
    source = tmp_path / "a.jsonl"
    source.write_text('\n{"a": 1}\n  \n{"a": 2}\n')
    blank = tmp_path / "blank.jsonl"
    blank.write_text("\n \n\n")

    assert sliced(source, "json", rows=2).read_text() == '{"a": 1}\n{"a": 2}\n'
    assert cut(Cut(blank, tmp_path / "run" / "blank.jsonl", "json", 3)) == 0


def test_an_array_of_other_things(tmp_path: Path) -> None:
    """Its first item that is no object is named."""
    source = tmp_path / "a.json"
    source.write_text('[{"a": 1}, null]')

    with pytest.raises(InspectError, match="item 1 is no object"):
        sliced(source, "json")


def test_data_of_the_hub_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is neither here nor to be fetched stands in the way."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    planned = plan(tmp_path, "base_model: m\ndatasets: [{path: some/data, type: alpaca}]\n")

    assert "P-DATA-MISSING" in [item.code for item in planned.errors]


def test_data_of_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What axolotl fetches is asked for in part, and said to be elsewhere."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    planned = plan(tmp_path, "base_model: m\ndatasets: [{path: some/data, type: alpaca}]\n")

    assert derived(planned)["datasets"][0]["split"] == "train[:64]"
    assert "P-DATA-WHOLE" in [item.code for item in planned.problems]


@pytest.mark.parametrize("written", ["text.txt", "[text.txt]", "[{path: text.txt}]"])
def test_a_pretraining_set(tmp_path: Path, written: str) -> None:
    """It may be written as a path, a list of paths or a list of mappings."""
    (tmp_path / "text.txt").write_text("one\n")
    planned = plan(tmp_path, f"base_model: m\npretraining_dataset: {written}\n")

    assert [part.kind for part in planned.cuts] == ["text"]
