"""Whatever lies in a YAML or a tokenizer, a person gets a line about it and never a traceback."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inspect_tool.__main__ import main
from tests.arrow_files import answered, save, supervised

if TYPE_CHECKING:
    from pathlib import Path

QUIET = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

BITS = st.sampled_from(
    [
        "base_model: m\n",
        "datasets:\n",
        "  - path: x\n",
        "    type: alpaca\n",
        "    type: {format: 3}\n",
        "dataset_prepared_path: .\n",
        "val_set_size: many\n",
        "special_tokens: [1]\n",
        "tokens: {a: b}\n",
        "a: [\n",
        "&x [*x]\n",
        "<<: *x\n",
        "- \n",
        "? \n",
        "!!python/object:os.system {}\n",
        "---\n",
        "\t",
        "'",
        "é\u2028",
        "\x07",
        ": ",
        "1: 2\n",
    ]
)

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 70_000) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)

TOKENIZERS = st.fixed_dictionaries(
    {},
    optional={
        "model": VALUES
        | st.fixed_dictionaries({"vocab": VALUES | st.lists(st.lists(VALUES, max_size=2))}),
        "added_tokens": VALUES | st.lists(st.fixed_dictionaries({"id": VALUES, "content": VALUES})),
        "decoder": VALUES | st.fixed_dictionaries({"type": st.just("Sequence")}),
        "normalizer": VALUES,
        "post_processor": VALUES,
    },
)


@pytest.mark.parametrize("command", ["show", "check", "prepare"])
@QUIET
@given(bits=st.lists(BITS, max_size=6))
def test_any_yaml(
    command: str, bits: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A YAML of any content is refused in one line, or leads to no dataset."""
    config = tmp_path / "c.yml"
    config.write_text("".join(bits), encoding="utf-8")

    status = main([command, str(config), *(["--dry-run"] if command == "prepare" else [])])

    captured = capsys.readouterr()
    assert status == 2 or (command == "prepare" and status == 0)
    assert captured.err.count("\n") == (1 if status else 0)


@QUIET
@given(spec=TOKENIZERS)
def test_any_tokenizer(spec: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A tokenizer.json of any content is read or named; the sample is shown either way."""
    folder = save(tmp_path / "rows", supervised([answered(range(9), prompt=3)]))
    (tmp_path / "tokenizer.json").write_text(json.dumps(spec), encoding="utf-8")

    status = main(["show", str(folder), "--tokenizer", str(tmp_path)])

    assert status == 0
    assert "── row 0 · 9 tokens" in capsys.readouterr().out
