"""`inspect-tool why` and `show --why`: what they print, held to their schema."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from inspect_tool.prompts.rules import BY_NAME
from tests.axolotl_runs import ROOT
from tests.hostile import unsafe_characters
from tests.processes import run, run_in_terminal
from tests.schemas import schema

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CONFIGS = ROOT / "tests" / "prompts" / "configs"


@pytest.fixture
def config(prepared: Callable[[str | Path], Path]) -> Callable[[str | Path], Path]:
    """The config beside what axolotl prepared of a recipe or a config."""
    return lambda name: prepared(name).parent / "config.yml"


def lines_of(text: str) -> list[dict[str, Any]]:
    """Return JSON lines, each held to both schemas."""
    lines: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines()]
    for line in lines:
        Draft202012Validator(schema("why")).validate(line)
        Draft202012Validator(schema("show")).validate(line)
    return lines


@pytest.mark.slow
def test_every_token_of_every_row(config: Callable[[str | Path], Path]) -> None:
    """Show --json --why gives each token a rule of the table and its stored label."""
    result = run("show", config("merged"), "--json", "--why")

    assert (result.returncode, result.stderr) == (0, "")
    lines = lines_of(result.stdout)
    assert len(lines) == 139
    for line in lines:
        assert line["origin"]["how"] == "same"
        for token in line["sequences"][0]["tokens"]:
            why = token["why"]
            assert why["label"] == token["label"]
            assert BY_NAME[why["rule"]].trained is token["trained"]


@pytest.mark.slow
def test_characters_are_in_the_file(config: Callable[[str | Path], Path]) -> None:
    """A token's source names a line of the raw file, and characters of that line's row."""
    result = run("why", config("merged"), "--row", "0", "--row", "1", "--json")

    sources = [
        token["why"]["source"]
        for line in lines_of(result.stdout)
        for token in line["sequences"][0]["tokens"]
        if token["why"]["source"]
    ]
    assert sources
    for source in sources:
        with open(source["file"], encoding="utf-8") as file:  # noqa: PTH123
            row = json.loads(file.readlines()[source["line"] - 1])
        value: Any = row
        for part in re.findall(r"[^.\[\]]+", source["path"]):
            value = value[int(part)] if isinstance(value, list) else value[part]
        assert 0 <= source["start"] < source["end"] <= len(value)


@pytest.mark.slow
def test_text(config: Callable[[str | Path], Path]) -> None:
    """Each stretch stands with its rule and its field; below, each rule with its key and value."""
    path = config("sharegpt")

    result = run("why", path, "--row", "0")

    assert result.returncode == 0
    text = result.stdout
    assert re.search(
        r"^── from fixtures/data/sharegpt\.jsonl:\d+, datasets\.0 raw row \d+$", text, re.MULTILINE
    )
    assert re.search(r" trained +role-trained +conversations\[\d\]\.value 0:\d+ ", text)
    assert "datasets.0.roles_to_train is [assistant] (not in the YAML)" in text
    line = path.read_text().splitlines().index("chat_template: chatml") + 1
    assert f"chat_template is chatml (config.yml:{line})" in text


@pytest.mark.slow
def test_one_token(config: Callable[[str | Path], Path]) -> None:
    """All about one token: the rule's sentence, the key, and the raw text around it."""
    path = config("sharegpt")
    (line,) = lines_of(run("why", path, "--row", "0", "--json").stdout)
    tokens = line["sequences"][0]["tokens"]
    index = next(n for n, token in enumerate(tokens) if token["trained"] and token["why"]["source"])

    result = run("why", path, "--row", "0", "--token", str(index))

    assert result.returncode == 0
    assert BY_NAME[tokens[index]["why"]["rule"]].sentence in result.stdout
    assert f"⟦{tokens[index]['text']}⟧" in result.stdout


@pytest.mark.slow
def test_hostile_text_in_a_terminal(config: Callable[[str | Path], Path]) -> None:
    """Controls in the raw data reach a terminal neither in the stretches nor in the raw text."""
    path = config(CONFIGS / "masks.yml")
    arguments = ("why", path, "--raw", "3", "--dataset", "3", "--color", "always")

    for more in ((), ("--token", "6")):
        shown = run_in_terminal(*arguments, *more)

        assert shown.status == 0
        assert unsafe_characters(shown.raw) == set()
        assert "␛" in shown.raw.decode()


@pytest.mark.slow
def test_rows_stored_as_text(config: Callable[[str | Path], Path]) -> None:
    """A preference row has an origin, and no tokens to explain; that is said."""
    result = run("why", config("dpo"), "--row", "0")

    assert result.returncode == 0
    assert "preference.jsonl:" in result.stdout
    assert "stored as text: the trainer makes its tokens and labels" in result.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--row", "999"), "row 999 is not there"),
        (("--raw", "999"), "its rows are 0 to 7"),
        (("--raw", "0", "--dataset", "3"), "dataset 3 is not there"),
        (("--raw", "3", "--token", "9999"), "raw row 3: token 9999 is not there"),
    ],
)
def test_what_is_not_there(
    arguments: tuple[str, ...], said: str, config: Callable[[str | Path], Path]
) -> None:
    """One line says what there is instead."""
    result = run("why", config("sharegpt"), *arguments)

    assert (result.returncode, result.stdout) == (2, "")
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [(), ("--row", "1", "--raw", "2")])
def test_which_row(arguments: tuple[str, ...]) -> None:
    """Prepared or raw, one of the two is to be named."""
    result = run("why", ROOT / "recipes" / "alpaca.yml", *arguments)

    assert (result.returncode, result.stdout) == (2, "")
    assert "--row" in result.stderr


def test_why_of_show_is_json() -> None:
    """Show prints reasons as JSON alone, and names the command that prints text."""
    result = run("show", ROOT / "recipes" / "alpaca.yml", "--why")

    assert result.returncode == 2
    assert "inspect-tool why" in result.stderr


@pytest.mark.slow
def test_config_that_axolotl_refuses(tmp_path: Path) -> None:
    """Axolotl's own words are the error, without a traceback."""
    text = (ROOT / "recipes" / "sharegpt.yml").read_text()
    path = tmp_path / "train.yml"
    path.write_text(text.replace("chat_template: chatml", "chat_template: nothing"))

    result = run("why", path, "--raw", "0", cwd=ROOT)

    assert result.returncode == 2
    assert "axolotl refuses it: chat_template" in result.stderr
    assert "Traceback" not in result.stderr
