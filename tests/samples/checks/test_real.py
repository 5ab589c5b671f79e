"""Rules against what real axolotl stores: each config's faults are found, and nothing else.

The rows of the data carry tags; a finding is told by the tags of its rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from inspect_tool.samples.checks import Report, check
from inspect_tool.samples.prepared import PreparedDataset
from inspect_tool.samples.vocabulary import Vocabulary
from tests.axolotl_runs import ROOT, complete_folders
from tests.samples.checks.rendered import tags, the_finding

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.slow

CONFIGS = ROOT / "tests" / "configs"

Found = set[tuple[str, str, frozenset[str]]]
"""Severity, code, tags of the rows."""


def one(severity: str, code: str, *named: str) -> tuple[str, str, frozenset[str]]:
    """Return one expected finding; rows without a tag are the default."""
    return severity, code, frozenset(named or ("-",))


EXPECTED: dict[str, Found] = {
    "alpaca-faults": {
        one("error", "L-ALL-MASKED", "empty-answer"),
        one("warning", "L-UNK", "unknown"),
        one("warning", "L-DUPLICATE", "copy"),
        one("warning", "L-NEAR-DUPLICATE", "near"),
        one("info", "L-TAIL-WS", "leading"),
        one("info", "L-TAIL-WS", "trailing"),
    },
    "alpaca-inputs": set(),
    "bos-twice": {one("warning", "L-BOS")},
    "chat-cut": {one("error", "L-ALL-MASKED"), one("warning", "L-TRUNCATED")},
    "chat-eos-last": {one("info", "L-EOS-MASKED")},
    "chat-eos-none": {one("info", "L-EOS-MASKED")},
    "chat-far-end": {one("error", "L-EOS-MASKED")},
    "chat-faults": {
        one("error", "L-ALL-MASKED", "empty-answer"),
        one("error", "L-ALL-MASKED", "strange-role"),
        one("error", "L-PADMASK", "pad-trained"),
        one("warning", "L-PADMASK", "pad-inside"),
        one("warning", "L-EMPTY-TURN", "empty-turn"),
        one("warning", "L-DOUBLE-END", "double-end"),
        one("info", "L-SPLIT-SPECIAL", "foreign"),
    },
    "chat-flags": {
        one("info", "L-LAST-TURN", "only-last"),
        one("info", "L-LAST-TURN", "some"),
    },
    "chat-inputs": {one("info", "L-PROMPT-TRAINED")},
    "chat-llama3-no-eot": {one("error", "L-EOS-MASKED")},
    "chat-no-roles": {one("error", "L-ALL-MASKED")},
    "chatml-on-mistral": {
        one("error", "L-EOS-MISSING"),
        one("warning", "L-SPLIT-SPECIAL"),
        one("info", "L-BOS"),
    },
    "judged-all-good": {one("warning", "L-ONE-CLASS")},
    "mixed-bos": {one("warning", "L-BOS", "no-start")},
    "mixed-starts-and-ends": {
        one("error", "L-PADMASK", "other-end"),
        one("warning", "L-LAST-TOKEN", "other-end"),
    },
    "pairs-faults": {
        one("error", "L-EQUAL-PAIR", "equal"),
        one("warning", "L-EMPTY-TEXT", "empty"),
        one("warning", "L-DUPLICATE", "copy"),
    },
    "reward-cut": {one("error", "L-EQUAL-PAIR"), one("warning", "L-TRUNCATED")},
    "segments-bare": {one("error", "L-EOS-MISSING"), one("info", "L-BOS")},
    "segments-masked-end": {one("error", "L-EOS-MASKED")},
    "tokens-faults": {
        one("error", "L-ID-RANGE"),
        one("error", "L-LABEL"),
        one("error", "L-ATTENTION"),
    },
    "tokens-missing": set(),
}

RECIPES: dict[str, Found] = {
    "alpaca": set(),
    "chat-chatml": {
        one("error", "L-ALL-MASKED"),
        one("warning", "L-DUPLICATE"),
        one("info", "L-SPLIT-SPECIAL"),
    },
    "chat-llama3": {one("error", "L-ALL-MASKED"), one("warning", "L-DUPLICATE")},
    "completion": set(),
    "dpo": set(),
    "grpo": set(),
    "input-output": set(),
    "ipo": set(),
    "kto": set(),
    "merged": {
        one("error", "L-ALL-MASKED"),
        one("warning", "L-DUPLICATE"),
        one("info", "L-SPLIT-SPECIAL"),
    },
    "orpo": set(),
    "packed": {one("warning", "L-DUPLICATE"), one("info", "L-SPLIT-SPECIAL")},
    "pretokenized": {one("info", "L-TAIL-WS")},
    "process-reward": set(),
    "reward-model": set(),
    "sharegpt": set(),
    "simpo": set(),
    "thinking": set(),
    "tools": set(),
    "user-defined": set(),
}
"""What is wrong with the fixtures' own data is told in fixtures/data/README.md."""


def opened(prepared: Path) -> tuple[PreparedDataset, Vocabulary, dict[str, Any]]:
    """Return what lies in a prepared path, with the config that made it."""
    config = yaml.safe_load((prepared.parent / "config.yml").read_text(encoding="utf-8"))
    (folder,) = complete_folders(prepared)
    vocabulary = Vocabulary.load(ROOT / config["base_model"])
    return PreparedDataset.open(folder), vocabulary, config


def findings_of(prepared: Path) -> tuple[Found, Report]:
    """Check a prepared path as its config says, near copies included."""
    dataset, vocabulary, config = opened(prepared)
    report = check(dataset, vocabulary, config=config, request=["L-NEAR-DUPLICATE"])
    named: Found = {
        (finding.severity, finding.code, frozenset(tags(dataset, vocabulary, finding)))
        for finding in report.findings
    }
    return named, report


def test_every_config_is_listed() -> None:
    """No config of tests/configs is left out of the table above."""
    assert {config.stem for config in CONFIGS.glob("*.yml")} == {*EXPECTED, "tokens-added"}


@pytest.mark.parametrize("name", EXPECTED)
def test_faults_are_found(name: str, prepared: Callable[[str | Path], Path]) -> None:
    """Each fault is found in its rows, and nothing else is."""
    found, _ = findings_of(prepared(CONFIGS / f"{name}.yml"))

    assert found == EXPECTED[name]


@pytest.mark.parametrize("recipe", RECIPES)
def test_recipes_raise_no_false_alarm(recipe: str, prepared: Callable[[str | Path], Path]) -> None:
    """What axolotl makes of good data of every kind has no finding but the planted ones."""
    found, _ = findings_of(prepared(recipe))

    assert found == RECIPES[recipe]


def test_every_finding_can_be_acted_on(prepared: Callable[[str | Path], Path]) -> None:
    """A finding shows a place, names a key and a way out, and counts its rows."""
    for name in ("alpaca-faults", "chat-faults", "pairs-faults", "tokens-faults"):
        for finding in findings_of(prepared(CONFIGS / f"{name}.yml"))[1].findings:
            assert finding.evidence.startswith("row ")
            assert finding.key
            assert finding.fix
            assert finding.count == len(finding.rows)


def test_end_token_that_is_not_the_eos(prepared: Callable[[str | Path], Path]) -> None:
    """The key that trains Llama 3's end token is named, with its value."""
    _, report = findings_of(prepared(CONFIGS / "chat-llama3-no-eot.yml"))

    finding = the_finding(report, "L-EOS-MASKED")
    assert finding.key == "eot_tokens"
    assert 'eot_tokens: ["<|eot_id|>"]' in finding.fix


def test_tokens_added_after_the_data_was_prepared(
    prepared: Callable[[str | Path], Path],
) -> None:
    """Rows of a stale folder spell out what the config now makes tokens."""
    dataset, vocabulary, _ = opened(prepared(CONFIGS / "tokens-missing.yml"))
    config = yaml.safe_load((CONFIGS / "tokens-added.yml").read_text(encoding="utf-8"))

    report = check(dataset, vocabulary, config=config)

    finding = the_finding(report, "L-SPLIT-SPECIAL")
    assert finding.count == len(dataset)
    assert "[A], [Q]" in finding.message


def test_ids_of_another_tokenizer(prepared: Callable[[str | Path], Path]) -> None:
    """Tokens that the tokenizer's files do not have are told as such."""
    dataset, vocabulary, config = opened(prepared(CONFIGS / "tokens-added.yml"))

    report = check(dataset, vocabulary, config=config)

    assert the_finding(report, "L-ID-RANGE").count == len(dataset)


@pytest.mark.parametrize("recipe", ["alpaca", "chat-chatml", "chat-llama3", "tools", "thinking"])
def test_without_a_config_good_data_stays_good(
    recipe: str, prepared: Callable[[str | Path], Path]
) -> None:
    """Not knowing the config makes no fault of what it asks for."""
    dataset, vocabulary, _ = opened(prepared(recipe))

    report = check(dataset, vocabulary)

    assert {(finding.severity, finding.code) for finding in report.findings} == {
        (severity, code) for severity, code, _ in RECIPES[recipe]
    }
