"""A worker for the whole session, and configs made with real axolotl to explain."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from inspect_tool.axolotl_worker import AxolotlWorker
from inspect_tool.prompts.training import TrainingRows
from inspect_tool.samples.prepared import PreparedDataset
from inspect_tool.samples.vocabulary import Vocabulary
from tests.axolotl_runs import RECIPES, ROOT, complete_folders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from inspect_tool.prompts.explained import Explained

PLACES = (RECIPES, Path(__file__).resolve().parent / "configs", ROOT / "tests" / "configs")


@pytest.fixture(scope="session")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AxolotlWorker]:
    """A running worker; the first task in it imports axolotl."""
    with AxolotlWorker(log=tmp_path_factory.mktemp("worker") / "worker.log") as started:
        yield started


@dataclass(frozen=True)
class Case:
    """A config with the dataset that axolotl made of it, and its rows through the worker."""

    config: Path
    folders: tuple[Path, ...]
    rows: TrainingRows
    vocabulary: Vocabulary

    def dataset(self, number: int = 0) -> PreparedDataset:
        """Open one of its prepared folders."""
        return PreparedDataset.open(self.folders[number])

    def explained(self, source: int, row: int, part: int = 0) -> Explained:
        """Explain one raw row."""
        return self.rows.explain(source, row)[part]

    def stretches(self, source: int, row: int, part: int = 0) -> list[tuple[str, str]]:
        """Return each stretch of a raw row as (text, rule)."""
        explained = self.explained(source, row, part)
        texts = self.vocabulary.texts(explained.ids)
        return [
            ("".join(texts[item.start : item.stop]), item.reason.rule.name)
            for item in explained.stretches()
        ]

    def trained(self, source: int, row: int) -> str:
        """Return the text of the tokens whose rule trains them."""
        explained = self.explained(source, row)
        texts = self.vocabulary.texts(explained.ids)
        return "".join(
            text for token, text in enumerate(texts) if explained.reason(token).rule.trained is True
        )


@pytest.fixture(scope="session")
def case(prepared: Callable[[str | Path], Path], worker: AxolotlWorker) -> Callable[[str], Case]:
    """Make the case of a recipe, or of a config for tests; mark the test slow."""
    made: dict[tuple[str, str], Case] = {}

    def make(name: str, *, split: str = "train") -> Case:
        if (name, split) not in made:
            folder = next(item for item in PLACES if (item / f"{name}.yml").is_file())
            root = prepared(folder / f"{name}.yml")
            config = root.parent / "config.yml"
            rows = TrainingRows(worker, config, ROOT, split=split)
            base = next(
                line.partition(":")[2].strip()
                for line in config.read_text().splitlines()
                if line.startswith("base_model:")
            )
            vocabulary = Vocabulary.load(ROOT / base)
            folders = tuple(complete_folders(root))
            made[name, split] = Case(config, folders, rows, vocabulary)
        return made[name, split]

    return make


@pytest.fixture
def project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, built_tokenizers: None
) -> Callable[..., Path]:
    """Write a recipe with lines changed, as the config of a project of its own."""

    def make(recipe: str, *replacements: tuple[str, str]) -> Path:
        text = (RECIPES / f"{recipe}.yml").read_text()
        for old, new in (*replacements, ("fixtures/", f"{ROOT}/fixtures/")):
            assert old in text, f"{recipe} has no {old!r}"
            text = text.replace(old, new)
        (tmp_path / ".git").mkdir(exist_ok=True)
        (tmp_path / "train.yml").write_text(text)
        monkeypatch.chdir(tmp_path)
        return tmp_path / "train.yml"

    return make
