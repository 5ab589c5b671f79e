"""`debug --memorize` and `sanity`: an adapter learns four chats by heart and is asked for them."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from safetensors.numpy import load_file, save_file

from inspect_tool.axolotl_worker import AxolotlWorker
from inspect_tool.errors import RunFailedError
from inspect_tool.prompts.inference.specs import parse_targets
from inspect_tool.runs.batches import read_batches
from inspect_tool.runs.journal import read_metrics
from inspect_tool.runs.sanity.check import Sanity
from inspect_tool.runs.sanity.saved_run import SavedRun
from inspect_tool.samples.sample import IGNORE_INDEX
from tests.processes import run
from tests.runs.debug.sessions import Session, contents, project
from tests.schemas import schema

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from inspect_tool.runs.sanity.results import SanityReport

pytestmark = pytest.mark.slow

LORA = "adapter: lora\nlora_r: 8\nlora_alpha: 16\nlora_dropout: 0.1\nlora_target_linear: true\n"
WRONG = """{% for m in messages %}{{ '<|im_start|>' + m['role'] + ': ' + m['content'] }}
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant: {% endif %}"""


def memorized(folder: Path, samples: int, *, more: str = "", masked: bool = False) -> Path:
    """Run `debug --memorize` in a project of its own and return the run's folder."""
    config = project(folder, more=more)
    if masked:
        kind = "type: chat_template"
        config.write_text(config.read_text("utf-8").replace(kind, f"{kind}, train_on_eos: none"))
    before = contents(folder)
    with Session(config, "--no-debugger", "--quiet", "--memorize", samples) as session:
        assert session.wait() == 0, session.output
    assert contents(folder) == before
    return session.folder


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of LoRA that learned four chats by heart; tests leave it as it is."""
    return memorized(tmp_path_factory.mktemp("learned"), 4, more=LORA)


@pytest.fixture(scope="module")
def worker() -> Iterator[AxolotlWorker]:
    """One axolotl for all."""
    with AxolotlWorker() as one:
        yield one


@pytest.fixture
def saved(learned: Path) -> Iterator[Path]:
    """What the run saved, to be changed; put back afterwards."""
    out = learned / "out"
    kept = learned / "kept"
    shutil.copytree(out, kept)
    yield out
    shutil.rmtree(out)
    kept.rename(out)


def asked(worker: AxolotlWorker, folder: Path, *against: str) -> SanityReport:
    """Ask a run's model for the answers of its first row."""
    specs = parse_targets(list(against), cwd=folder) if against else None
    return Sanity(SavedRun.read(folder), worker, specs).report(rows=[0])


def causes(report: SanityReport) -> dict[str, list[str]]:
    """Return the causes that each target came to."""
    return {result.target: list(result.causes) for result in report.results}


def test_four_chats_are_learned_by_heart(learned: Path) -> None:
    """The run ends by itself, well before its most steps, and saves an adapter."""
    steps = [item for item in read_metrics(learned) if "loss" in item]

    assert steps[-1]["loss"] < 0.1
    assert steps[-1]["step"] < steps[-1]["max_steps"]
    assert (learned / "out" / "adapter_config.json").is_file()


def test_the_loss_is_of_every_trained_token(learned: Path) -> None:
    """Logits are made for trained tokens alone, and the loss is the mean over all of those."""
    for batch in read_batches(learned):
        losses, labels = batch.token_loss, batch.labels
        assert losses is not None
        assert labels is not None

        assert np.array_equal(~np.isnan(losses), labels != IGNORE_INDEX)
        assert batch.mean_token_loss == pytest.approx(batch.loss, rel=1e-5)


def test_every_answer_comes_back(learned: Path) -> None:
    """All answers of all rows, through training's own tokens and the chat template saved."""
    answer = run("sanity", learned, "--json")

    assert answer.returncode == 0, answer.stderr
    document = json.loads(answer.stdout)
    Draft202012Validator(schema("sanity")).validate(document)
    assert [item["target"] for item in document["targets"]] == ["training", "chat-template"]
    assert {item["row"] for item in document["samples"]} == {0, 1, 2, 3}
    for item in document["samples"]:
        assert item["generated"] == item["expected"]
        assert (item["ok"], item["stopped"]) == (True, True)


def test_a_template_mismatch_fails_and_is_named(learned: Path, tmp_path: Path) -> None:
    """Another template's prompt is at fault, training's own and the right one are not."""
    wrong = tmp_path / "wrong.jinja"
    wrong.write_text(WRONG)

    answer = run("sanity", learned, "--row", 0, "--against", "chat-template",
                 "--against", f"chat-template:{wrong}")  # fmt: skip

    assert answer.returncode == 1, answer.stderr
    headings = [line for line in answer.stdout.splitlines() if line.startswith("──")]
    assert [line.strip("─ ").split(" · ")[1] for line in headings] == [
        "all 2 answers come back",
        "all 2 answers come back",
        "2 of 2 answers fail",
    ]
    assert "D-TEMPLATE: training renders" in answer.stdout


def test_an_edited_saved_template_is_named(
    worker: AxolotlWorker, learned: Path, saved: Path
) -> None:
    """What is asked by default is the template that lies beside the adapter."""
    template = saved / "chat_template.jinja"
    template.write_text(template.read_text("utf-8").replace("|>assistant", "|>bot"))

    assert causes(asked(worker, learned)) == {"training": [], "chat-template": ["D-TEMPLATE"]}


def test_an_adapter_on_another_base(worker: AxolotlWorker, learned: Path) -> None:
    """The adapter loads on a base of the same shape with other weights, and is found out."""
    file = next((learned / "base").glob("*/model.safetensors"))
    kept = file.read_bytes()
    mixed = {key: np.ascontiguousarray(value[::-1]) for key, value in load_file(file).items()}
    save_file(mixed, file, metadata={"format": "pt"})

    try:
        found = causes(asked(worker, learned))
    finally:
        file.write_bytes(kept)

    assert found["training"] == ["M-SAVED"]


def test_a_model_that_cannot_be_loaded(worker: AxolotlWorker, learned: Path, saved: Path) -> None:
    """The child's last words and its log are named."""
    file = saved / "adapter_model.safetensors"
    file.write_bytes(file.read_bytes()[:100])

    with pytest.raises(
        RunFailedError, match=r"sanity.log: the saved model cannot be asked: .*Error"
    ):
        asked(worker, learned)


def test_an_end_that_was_masked(worker: AxolotlWorker, tmp_path: Path) -> None:
    """A whole model that never learned to end goes on after its answer, and the mask is named."""
    folder = memorized(tmp_path, 1, masked=True)

    report = asked(worker, folder)

    assert causes(report) == {"training": ["D-STOPSET"], "chat-template": ["D-STOPSET"]}
    for item in report.outcomes:
        assert (item.stopped, item.at) == (False, len(item.expected))
        assert "no end token is trained" in item.causes[0].message
