"""Config: the YAML as written, with lines, and clear words for what is none."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspect_tool.runs.config import Config, looks_like_config
from inspect_tool.runs.yaml_lines import ConfigError
from tests.axolotl_runs import RECIPES

if TYPE_CHECKING:
    from pathlib import Path

USUAL = """\
# a comment
base_model: some/model
datasets:
  - path: a.jsonl
    type: chat_template
  - path: hub/name
    data_files: [b.jsonl, c.jsonl]
    type:
      field_instruction: question
      format: "[INST] {instruction}"
dataset_prepared_path: last_run_prepared
val_set_size: 0.1
"""


def written(folder: Path, text: str) -> Path:
    """Write a config and return its path."""
    path = folder / "config.yml"
    path.write_text(text, encoding="utf-8")
    return path


def read(folder: Path, text: str) -> Config:
    """Write and read a config."""
    return Config.read(written(folder, text))


def minimal(folder: Path, extra: str) -> Config:
    """Read a config of one dataset with further lines."""
    return read(folder, f"base_model: m\ndatasets:\n  - path: d.jsonl\n    type: alpaca\n{extra}\n")


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("base_model", 2),
        ("datasets", 3),
        ("datasets.0", 4),
        ("datasets.0.type", 5),
        ("datasets.1.data_files.1", 7),
        ("datasets.1.type.format", 10),
        ("val_set_size", 12),
        ("seed", None),
    ],
)
def test_every_key_has_its_line(tmp_path: Path, key: str, line: int | None) -> None:
    """line_of gives the 1-based line of a dotted key, None for one that is not written."""
    assert read(tmp_path, USUAL).line_of(key) == line


def test_datasets_are_told_as_written(tmp_path: Path) -> None:
    """Each dataset has its path, the name of its type and the files that it may read."""
    first, second = read(tmp_path, USUAL).datasets

    assert (first.path, first.type, first.files, first.line) == (
        "a.jsonl",
        "chat_template",
        ("a.jsonl",),
        4,
    )
    assert (second.type, second.files) == ("user-defined", ("b.jsonl", "c.jsonl"))


@pytest.mark.parametrize(
    ("extra", "key", "name"),
    [
        ("", "base_model", "m"),
        ("base_model_config: b", "base_model_config", "b"),
        ("base_model_config: b\ntokenizer_config: t", "tokenizer_config", "t"),
        ("tokenizer_config:", "base_model", "m"),
    ],
)
def test_the_tokenizer_is_named_as_axolotl_looks(
    tmp_path: Path, extra: str, key: str, name: str
) -> None:
    """tokenizer_config wins over base_model_config, and that over base_model; empty is absent."""
    config = minimal(tmp_path, extra)

    assert (config.tokenizer_key, config.tokenizer_name) == (key, name)


def test_defaults_are_axolotls(tmp_path: Path) -> None:
    """Without the keys, datasets and outputs lie where axolotl puts them."""
    config = minimal(tmp_path, "")

    assert (config.prepared_path, config.output_dir) == ("last_run_prepared", "./model-out")


@pytest.mark.parametrize(
    ("extra", "rows", "held_out"),
    [
        ("", 100, 0),
        ("val_set_size: 0", 100, 0),
        ("val_set_size: 0.1", 100, 10),
        ("val_set_size: 0.05", 64, 4),
        ("val_set_size: '0.05'", 64, 4),
        ("val_set_size: 20", 100, 20),
        ("val_set_size: 20", 20, 0),
        ("val_set_size: 1", 100, 0),
        ("val_set_size: 20\nrl: dpo", 100, 0),
        ("val_set_size: 0.1\nrl: dpo", 100, 10),
        ("test_datasets:\n  - path: t", 100, 0),
    ],
)
def test_held_out_rows_are_axolotls(tmp_path: Path, extra: str, rows: int, held_out: int) -> None:
    """A share is rounded up, a number taken as it is, and what axolotl refuses holds none out."""
    assert minimal(tmp_path, extra).eval_rows(rows) == held_out


@pytest.mark.slow
@pytest.mark.parametrize(("size", "rows"), [(0.1, 7), (0.05, 64), (0.5, 3), (3, 10)])
def test_held_out_rows_are_those_of_a_real_split(tmp_path: Path, size: float, rows: int) -> None:
    """The number agrees with datasets' train_test_split, which axolotl calls."""
    from datasets import Dataset

    split = Dataset.from_dict({"a": list(range(rows))}).train_test_split(
        test_size=size, shuffle=False
    )

    assert minimal(tmp_path, f"val_set_size: {size}").eval_rows(rows) == len(split["test"])


def test_a_key_written_twice_is_a_finding(tmp_path: Path) -> None:
    """The last one counts, as for axolotl; the finding names all lines."""
    config = minimal(tmp_path, "seed: 1\nlora_r: 8\nseed: 2")

    assert config.values["seed"] == 2
    assert [(item.key, item.lines) for item in config.duplicates] == [("seed", (5, 7))]
    assert config.problems()[0].message == "seed is written on lines 5, 7; axolotl takes the last"


def test_merge_keys_and_anchors_are_read(tmp_path: Path) -> None:
    """Anchors, aliases and merge keys work as in any YAML."""
    config = minimal(tmp_path, "x: &x {seed: 3}\n<<: *x\ny: *x")

    assert (config.values["seed"], config.values["y"], config.duplicates) == (3, {"seed": 3}, ())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "config.yml: empty"),
        ("# nothing\n", "config.yml: empty"),
        ("- a\n- b\n", "config.yml:1: no mapping"),
        ("just text\n", "config.yml:1: no mapping"),
        ("a: 1\n", "config.yml: not an axolotl config: it names no base_model"),
        ("base_model:\ndatasets: []\n", "config.yml:1: not an axolotl config"),
        ("base_model: 3\ndatasets: []\n", "config.yml:1: base_model is 3, not a name"),
        ("base_model: m\ntokenizer_config: [a]\n", 'config.yml:2: tokenizer_config is ["a"], not'),
        ("base_model: m\nseed: 1\n", "config.yml: not an axolotl config: it names no datasets"),
        ("base_model: m\ndatasets: a.jsonl\n", "config.yml:2: datasets is not a list"),
        ("base_model: m\ndatasets: [a.jsonl]\n", "config.yml:2: datasets is not a list"),
        ("base_model: m\ndatasets:\n\t- path: a\n", "config.yml:3: a tab indents this line"),
        ("a: 1\nb: [1, 2\nc: 3\n", "config.yml:3: not valid YAML"),
        ("a: 1\n---\nb: 2\n", "config.yml:2: not valid YAML: but found another document"),
        ("a: !!python/object/apply:os.getcwd []\n", "config.yml:1: not valid YAML"),
        ("a: *nowhere\n", "config.yml:1: not valid YAML: found undefined alias"),
        ("? [a]\n: b\n", "config.yml:1: not valid YAML"),
        ("a: \x07\n", "config.yml: not valid YAML"),
        ("&a [*a]\n", "config.yml:1: no mapping"),
    ],
)
def test_what_is_no_config_is_told(tmp_path: Path, text: str, message: str) -> None:
    """The error names the file, the line where there is one, and what is wrong."""
    path = written(tmp_path, text)

    with pytest.raises(ConfigError) as raised:
        Config.read(path)

    assert str(raised.value).startswith(f"{tmp_path}/{message}")


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    """A path that does not exist is an error of ours."""
    with pytest.raises(ConfigError, match=r"absent\.yml: no such file"):
        Config.read(tmp_path / "absent.yml")


def test_a_folder_is_told(tmp_path: Path) -> None:
    """A folder named like a config is an error of ours."""
    with pytest.raises(ConfigError, match="a folder, not a YAML"):
        Config.read(tmp_path)


def test_another_encoding_is_told(tmp_path: Path) -> None:
    """A file that is not UTF-8 is an error that says how to mend it."""
    path = tmp_path / "latin.yml"
    path.write_bytes("base_model: é\n".encode("latin-1"))

    with pytest.raises(ConfigError, match="not UTF-8"):
        Config.read(path)


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    """A config saved by an editor that writes a BOM is read."""
    path = tmp_path / "bom.yml"
    path.write_bytes(b"\xef\xbb\xbf" + USUAL.encode())

    assert Config.read(path).base_model == "some/model"


@pytest.mark.parametrize("bomb", ["[" * 100_000 + "]" * 100_000, "- " * 100_000 + "a"])
def test_deep_nesting_is_refused_before_it_is_parsed(tmp_path: Path, bomb: str) -> None:
    """What would overrun the parser's stack, and end the process, is an error of ours."""
    with pytest.raises(ConfigError, match="nested more than"):
        read(tmp_path, f"base_model: {bomb}" if bomb[0] == "[" else bomb)


def test_aliases_cannot_blow_up(tmp_path: Path) -> None:
    """Aliases of aliases are read without being multiplied out."""
    lines = ["a0: &a0 [x, x]"] + [f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 40)]

    assert minimal(tmp_path, "\n".join(lines)).base_model == "m"


def test_data_is_too_large_for_a_config(tmp_path: Path) -> None:
    """A file of megabytes is not parsed."""
    with pytest.raises(ConfigError, match="too large for a config"):
        read(tmp_path, "a: 1\n" * 300_000)


@pytest.mark.parametrize(
    "extra", ["pretraining_dataset: p", "skip_prepare_dataset: true", "streaming: true"]
)
def test_what_stores_nothing_is_named(tmp_path: Path, extra: str) -> None:
    """The key because of which axolotl prepares nothing is known."""
    assert minimal(tmp_path, extra).unprepared_key == extra.partition(":")[0]


@pytest.mark.parametrize("recipe", sorted(RECIPES.glob("*.yml")), ids=lambda path: path.stem)
def test_recipes_are_configs(recipe: Path) -> None:
    """Every recipe reads, and its bytes alone tell that it is a config."""
    assert Config.read(recipe).datasets
    assert looks_like_config(recipe)


@given(st.text(max_size=400))
def test_any_text_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """Whatever the bytes, the result is a config or a ConfigError."""
    path = tmp_path_factory.mktemp("any") / "c.yml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with suppress(ConfigError):
        assert Config.read(path).path == path
