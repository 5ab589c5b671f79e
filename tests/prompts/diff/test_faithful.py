"""Both sides are what the libraries themselves make: no prompt is the tool's own idea."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from fixtures.places import CHATML, LLAMA3, MISTRAL
from tests.prompts.diff.rows import ALPACA, CHAT, CHAT_TYPE, EOT, PLAIN, TOOL_CHAT
from tests.prompts.diff.worker_tasks import axolotl_ids, prefixes, template_ids

if TYPE_CHECKING:
    from pathlib import Path

    from tests.prompts.diff.bench import Bench

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("row", [PLAIN[0], CHAT[0], TOOL_CHAT[0]], ids=["plain", "system", "tools"])
def test_chat_templates_are_transformers_own(bench: Bench, row: dict[str, Any]) -> None:
    """The ids are those of apply_chat_template, tools and system message included."""
    config = bench.config(
        CHATML, [row], dataset=CHAT_TYPE, settings={"chat_template": "tokenizer_default"}
    )

    (found,) = bench.report(config, "chat-template").comparisons

    ids = bench.worker.call(
        template_ids, config, bench.folder, row["messages"][:-1], row.get("tools")
    )
    assert found.inference.ids.tolist() == ids


@pytest.mark.parametrize(
    ("model", "settings"),
    [(CHATML, {"chat_template": "chatml"}), (LLAMA3, {"chat_template": "llama3", **EOT})],
    ids=["chatml", "llama3"],
)
def test_axolotl_inference_with_a_template(
    bench: Bench, model: Path, settings: dict[str, Any]
) -> None:
    """The ids are those that axolotl's own code makes of the question."""
    config = bench.config(model, PLAIN, dataset=CHAT_TYPE, settings=settings)

    (found,) = bench.report(config, "axolotl").comparisons

    question = PLAIN[0]["messages"][0]["content"]
    ids = bench.worker.call(axolotl_ids, config, bench.folder, question)
    assert found.inference.ids.tolist() == ids
    assert len(found.stop.stop_ids) == 1


def test_axolotl_inference_without_a_template(bench: Bench) -> None:
    """Without a template the typed text alone is sent, after BOS."""
    config = bench.config(MISTRAL, ALPACA[:1], dataset={"type": "alpaca"})

    (found,) = bench.report(config, "axolotl").comparisons

    ids = bench.worker.call(axolotl_ids, config, bench.folder, ALPACA[0]["instruction"])
    assert found.inference.ids.tolist() == ids


@pytest.mark.parametrize(
    ("model", "rows", "dataset", "settings"),
    [
        (CHATML, CHAT, CHAT_TYPE, {"chat_template": "chatml"}),
        (LLAMA3, CHAT, CHAT_TYPE, {"chat_template": "llama3", **EOT}),
        (MISTRAL, ALPACA, {"type": "alpaca"}, {}),
    ],
    ids=["chatml", "llama3", "alpaca"],
)
def test_training_is_what_comes_before_the_trained_tokens(
    bench: Bench,
    model: Path,
    rows: list[dict[str, Any]],
    dataset: dict[str, Any],
    settings: dict[str, Any],
) -> None:
    """Each training side ends where axolotl's labels begin to be trained."""
    config = bench.config(model, rows, dataset=dataset, settings=settings)

    report = bench.report(config, "axolotl")

    rendered = bench.worker.call(prefixes, config, bench.folder)
    for item in report.comparisons:
        ids, labels = rendered[item.row]
        start = len(item.train)
        assert item.train.ids.tolist() == ids[:start]
        assert labels[start - 1] == -100
        assert labels[start] == ids[start]
