"""A folder with a config, its data and what it is compared with; real axolotl renders it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from inspect_tool.prompts.diff.run import Diff
from inspect_tool.prompts.inference.specs import Options, parse_fill, parse_targets
from inspect_tool.prompts.training import TrainingRows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from inspect_tool.axolotl_worker import AxolotlWorker
    from inspect_tool.prompts.diff.results import DiffReport

Row = dict[str, Any]


@dataclass(frozen=True)
class Bench:
    """Writes configs into ``folder`` and compares them in ``worker``."""

    folder: Path
    worker: AxolotlWorker

    def config(
        self,
        model: Path,
        rows: Sequence[Row],
        *,
        dataset: Mapping[str, Any],
        settings: Mapping[str, Any] | None = None,
    ) -> Path:
        """Write a YAML with one dataset of these rows, and return its path."""
        data = self.folder / "data.jsonl"
        data.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        values = {
            "base_model": str(model),
            "datasets": [{"path": str(data), "ds_type": "json", **dataset}],
            "sequence_len": 2048,
            "micro_batch_size": 1,
            "gradient_accumulation_steps": 1,
            "num_epochs": 1,
            "learning_rate": 0.0002,
            **(settings or {}),
        }
        path = self.folder / "config.yml"
        path.write_text(yaml.safe_dump(values))
        return path

    def files(self, files: Mapping[str, str]) -> None:
        """Write files beside the config."""
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def diff(
        self,
        config: Path,
        *against: str,
        kwargs: Sequence[str] = (),
        fills: Sequence[str] = (),
        options: Options | None = None,
    ) -> Diff:
        """Return a diff that is ready to run."""
        specs = parse_targets(list(against), list(kwargs), cwd=self.folder)
        chosen = options or Options(tuple(parse_fill(item) for item in fills))
        return Diff(TrainingRows(self.worker, config, self.folder), specs, chosen)

    def report(self, config: Path, *against: str, **options: Any) -> DiffReport:
        """Compare every row."""
        return self.diff(config, *against, **options).report()
