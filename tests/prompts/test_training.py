"""Raw rows through the worker: what changes on disk is seen at once, and nothing is written."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from inspect_tool.axolotl_worker import AxolotlWorker, WorkerError
from inspect_tool.errors import InspectError
from inspect_tool.prompts import training
from inspect_tool.prompts.training import TrainingRows
from inspect_tool.samples.vocabulary import Vocabulary
from tests.axolotl_runs import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    Texts = Callable[[int], str]

pytestmark = pytest.mark.slow

TEMPLATE = "{% for m in messages %}<|im_start|>{{ m.role }}: {{ m.content }}<|im_end|>{% endfor %}"
DATA = (
    '{{"messages": [{{"role": "user", "content": "{}"}},'
    ' {{"role": "assistant", "content": "{}"}}]}}\n'
)


@pytest.fixture
def config(project: Callable[..., Path], tmp_path: Path) -> Path:
    """A config with a data file and a template file beside it."""
    (tmp_path / "data.jsonl").write_text(
        DATA.format("Ping?", "Pong.") + DATA.format("Tick?", "Tock.")
    )
    (tmp_path / "chat.jinja").write_text(TEMPLATE)
    return project(
        "chat-chatml",
        ("fixtures/data/chat.jsonl", "data.jsonl"),
        ("chat_template: chatml", "chat_template: jinja\nchat_template_jinja: chat.jinja"),
    )


def rewritten(path: Path, old: str, new: str) -> None:
    """Change a file as an editor does; its time changes even on coarse clocks."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1_000_000))


@pytest.fixture
def rows(config: Path, worker: AxolotlWorker) -> TrainingRows:
    """The config's rows."""
    return TrainingRows(worker, config, config.parent)


@pytest.fixture
def shown(rows: TrainingRows, chatml_dir: Path) -> Texts:
    """What a row reads, its trained text between brackets."""
    vocabulary = Vocabulary.load(chatml_dir)

    def show(row: int) -> str:
        (explained,) = rows.explain(0, row)
        texts = vocabulary.texts(explained.ids)
        return "".join(
            f"[{text}]" if explained.reason(token).rule.trained else text
            for token, text in enumerate(texts)
        ).replace("][", "")

    return show


def test_edited_config(config: Path, shown: Texts) -> None:
    """A setting that is changed counts at the next question."""
    assert shown(0) == ("<|im_start|>user: Ping?<|im_end|><|im_start|>assistant:[ Pong.<|im_end|>]")
    rewritten(config, "type: chat_template", "type: chat_template\n    roles_to_train: [user]")

    assert shown(0) == ("<|im_start|>user:[ Ping?<|im_end|>]<|im_start|>assistant: Pong.<|im_end|>")


def test_edited_template(config: Path, shown: Texts) -> None:
    """A template file that is changed counts at the next question."""
    before = shown(1)
    rewritten(config.parent / "chat.jinja", "{{ m.role }}:", "{{ m.role }} says")

    assert shown(1) == before.replace(":", " says")


def test_edited_data(config: Path, rows: TrainingRows, shown: Texts) -> None:
    """Rows that are changed or added are there at the next question, with their lines."""
    assert "Tock" in shown(1)
    assert rows.info.rows == 2
    data = config.parent / "data.jsonl"
    rewritten(data, "Tock.", "Boom!")
    data.write_text("\n" + data.read_text() + DATA.format("More?", "Yes."))

    assert "Boom!" in shown(1)
    assert rows.refresh().rows == 3
    assert rows.place(0, 2).line == 4


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("train.yml", "datasets:", "datasets: [", "not valid YAML"),
        ("train.yml", "type: chat_template", "type: chat_tamplate", "chat_tamplate"),
        ("train.yml", "data.jsonl", "gone.jsonl", "gone.jsonl"),
        ("chat.jinja", "{% endfor %}", "", "end of template"),
        ("chat.jinja", "{{ m.role }}", "{{ m.__class__.__mro__ }}", "unsafe"),
        ("data.jsonl", '"role": "user"', '"rolle": "user"', "role"),
    ],
)
def test_broken_and_mended(
    *, name: str, old: str, new: str, said: str, config: Path, rows: TrainingRows, shown: Texts
) -> None:
    """What breaks rendering is said in axolotl's words, and mended it renders as before."""
    before = shown(0)
    file = config.parent / name
    rewritten(file, old, new)

    with pytest.raises(InspectError, match=said):
        rows.explain(0, 0)

    rewritten(file, new, old) if new else file.write_text(TEMPLATE)
    assert shown(0) == before


def test_endless_template(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A template that does not end is ended, and the next question is answered."""
    endless = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    with AxolotlWorker() as own:
        rows = TrainingRows(own, config, config.parent)
        before = rows.explain(0, 0)
        template = config.parent / "chat.jinja"
        template.write_text(endless + TEMPLATE)
        with monkeypatch.context() as shortly:
            shortly.setattr(training, "TASK_SECONDS", 2.0)
            with pytest.raises(WorkerError, match="longer than 2 s"):
                rows.explain(0, 0)

        template.write_text(TEMPLATE)
        assert rows.explain(0, 0)[0].ids.tolist() == before[0].ids.tolist()


def test_nothing_is_left_behind(rows: TrainingRows, config: Path) -> None:
    """No copy of the data stays in the cache of `datasets`, nothing appears beside the config."""
    cache = Path(os.environ["XDG_CACHE_HOME"]) / "huggingface" / "datasets"
    before = set(cache.rglob("*.arrow"))
    beside = set(config.parent.rglob("*"))

    list(rows.chunks())

    assert set(cache.rglob("*.arrow")) == before
    assert set(config.parent.rglob("*")) == beside


def test_chunks_cover_every_row(worker: AxolotlWorker) -> None:
    """Chunks come in order, one after the other, over all datasets of a config."""
    rows = TrainingRows(worker, ROOT / "recipes" / "merged.yml", ROOT)

    done = dict.fromkeys(range(3), 0)
    for chunk in rows.chunks():
        assert chunk.start == done[chunk.source]
        done[chunk.source] = chunk.stop
    assert list(done.values()) == [source.rows for source in rows.info.sources]


def test_relative_config(
    config: Path, worker: AxolotlWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A config may be named from the current directory, wherever its own paths start from."""
    monkeypatch.chdir(config.parent.parent)
    named = Path(config.parent.name) / config.name

    assert TrainingRows(worker, named, config.parent).info.rows == 2


@pytest.mark.parametrize("key", ["streaming: true", "skip_prepare_dataset: true"])
def test_rows_made_while_training(key: str, config: Path, worker: AxolotlWorker) -> None:
    """A config whose rows are made while it trains is refused, with the keys that say so."""
    config.write_text(f"{config.read_text()}\n{key}\nmax_steps: 1\n")

    with pytest.raises(InspectError, match="while it trains"):
        TrainingRows(worker, config, config.parent).explain(0, 0)


def test_no_test_datasets(config: Path, worker: AxolotlWorker) -> None:
    """Asked for test rows that a config does not have, it says so."""
    with pytest.raises(InspectError, match="no datasets for test"):
        TrainingRows(worker, config, config.parent, split="test").explain(0, 0)
