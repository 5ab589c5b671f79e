"""The first rows of a config's data, copied into the run's folder before axolotl sees any of it.

Tokenising a whole dataset to look at a batch takes hours. Files keep their format and names; what
is not on this machine is left to axolotl, which is asked for the first rows only.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from inspect_tool.findings import Finding
from inspect_tool.runs.bases import absolute
from inspect_tool.runs.cut import Cut
from inspect_tool.runs.folders import STATE
from inspect_tool.runs.reference import hub_dataset_cached, offline

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from inspect_tool.runs.overrides.draft import Draft

MAX_FILES = 8
"""Files of one data folder that are sliced; the rest are left out."""

_BUILDERS = frozenset({"json", "csv", "text", "parquet", "arrow"})
"""Names under which `datasets` reads plain files; the files are in ``data_files`` then."""
_SUFFIXES = frozenset({".jsonl", ".json", ".csv", ".tsv", ".txt", ".parquet", ".arrow"})
_NO_DATA = frozenset({"", ".md", ".py", ".yml", ".yaml", ".lock"})
"""Endings of what lies beside data."""
_FILE_NAME = re.compile(r".*\.(jsonl?|csv|tsv|txt|parquet|arrow)(\.\w+)?$")
_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")


def slice_data(
    draft: Draft, *, cwd: Path, folder: Path, rows: int
) -> tuple[tuple[Cut, ...], tuple[Finding, ...]]:
    """Point ``draft`` at slices below ``folder``; return what is to be cut, and what cannot be.

    Nothing is written here. Relative paths start from ``cwd``.
    """
    cuts: list[Cut] = []
    findings: list[Finding] = []
    for place in _places(draft):
        slicing = _Slicing(draft, place, cwd=cwd, folder=folder, rows=rows)
        slicing.plan()
        cuts += slicing.cuts
        findings += slicing.findings
    return tuple(cuts), tuple(findings)


def _places(draft: Draft) -> Iterator[str]:
    """Yield the dotted key of each dataset; a pretraining set may be a bare path."""
    for key in ("datasets", "test_datasets", "pretraining_dataset"):
        entries = draft.get(key)
        if isinstance(entries, list):
            yield from (f"{key}.{index}" for index, item in enumerate(entries) if item)
        elif entries:
            yield key


class _Slicing:
    """One dataset of a config; collects the cuts and the findings."""

    def __init__(self, draft: Draft, place: str, *, cwd: Path, folder: Path, rows: int) -> None:
        self.draft = draft
        self.place = place
        self.cwd = cwd
        self.folder = folder / place.replace(".", "-")
        self.rows = rows
        self.cuts: list[Cut] = []
        self.findings: list[Finding] = []
        self.entry = draft.get(place)
        mapping = isinstance(self.entry, dict)
        self.path_key = f"{place}.path" if mapping else place
        self.reason = f"the first {rows} rows, so that preparing takes a moment"

    def plan(self) -> None:
        path = str(self.draft.get(self.path_key) or "")
        files = self._data_files()
        local = absolute(path, base=self.cwd) if path and "://" not in path else None
        if local is not None and local.is_dir() and not files:
            self._folder(local)
        elif files and (path in _BUILDERS or local is None or local.exists()):
            self._files(files)
        elif local is not None and local.is_file():
            kind = self._kind(local)
            if kind:
                target = self._cut(local, kind)
                self.draft.set(self.path_key, str(target), self.reason)
        else:
            self._elsewhere(path)
        if self.cuts:
            self._whole()

    def _data_files(self) -> list[str]:
        written = self.entry.get("data_files") if isinstance(self.entry, dict) else None
        if isinstance(written, str):
            return [written]
        return [str(item) for item in written] if isinstance(written, list) else []

    def _kind(self, file: Path) -> str | None:
        """Tell how `datasets` will read a file, as axolotl does (utils/data/shared.py)."""
        named = self.entry.get("ds_type") if isinstance(self.entry, dict) else None
        if named:
            return str(named) if named in _BUILDERS else None
        table = {".parquet": "parquet", ".arrow": "arrow", ".csv": "csv", ".txt": "text"}
        return next((kind for suffix, kind in table.items() if suffix in file.name), "json")

    def _cut(self, source: Path, kind: str) -> Path:
        target = self.folder / source.name
        self.cuts.append(Cut(source, target, kind, self.rows))
        return target

    def _files(self, files: list[str]) -> None:
        sources = [absolute(file, base=self.cwd) for file in files]
        if not all(source.is_file() for source in sources):
            self._note("its files are not all on this machine, so they are read whole")
            return
        kinds = [self._kind(source) for source in sources]
        if None in kinds:
            return
        targets = [str(self._cut(s, k)) for s, k in zip(sources, kinds, strict=True) if k]
        key = f"{self.place}.data_files"
        self.draft.set(key, targets if len(targets) > 1 else targets[0], self.reason)

    def _folder(self, folder: Path) -> None:
        if (folder / STATE).exists() or (folder / "dataset_dict.json").exists():
            self._note("saved by `datasets`, so it is read whole")
            return
        files = sorted(p for p in folder.rglob("*") if p.suffix in _SUFFIXES and p.is_file())
        if not files and all(p.suffix in _NO_DATA for p in folder.rglob("*") if p.is_file()):
            self._missing(f"{self.draft.get(self.path_key)} is a folder without data files")
            return
        if not files:
            self._note("holds no files that could be sliced, so it is read as it is")
            return
        for file in files[:MAX_FILES]:
            target = self.folder / file.relative_to(folder)
            kind = "text" if file.suffix == ".txt" else file.suffix.lstrip(".")
            kind = {"jsonl": "json", "tsv": "csv"}.get(kind, kind)
            self.cuts.append(Cut(file, target, kind, self.rows))
        self.draft.set(self.path_key, str(self.folder), self.reason)

    def _whole(self) -> None:
        reason = "the slice is small already"
        if isinstance(self.entry, dict):
            keys = ("shards", "shards_idx", "preprocess_shards")
            self.draft.remove(reason, *(f"{self.place}.{key}" for key in keys))
            split = self.draft.get(f"{self.place}.split")
            if isinstance(split, str) and "[" in split:
                self.draft.set(f"{self.place}.split", split.partition("[")[0], reason)

    def _elsewhere(self, path: str) -> None:
        if "://" not in path and (_FILE_NAME.fullmatch(path) or not _HUB_NAME.fullmatch(path)):
            if "/" not in path and not _FILE_NAME.fullmatch(path):
                self._from_hub(path)
                return
            self._missing(f"{path} is not there; paths start from {self.cwd}")
        elif "://" in path:
            self._note("is fetched by axolotl as a whole")
        else:
            self._from_hub(path)

    def _from_hub(self, path: str) -> None:
        if offline() and not hub_dataset_cached(path):
            self._missing(f"{path} is not on this machine, and HF_HUB_OFFLINE forbids to fetch it")
            return
        streamed = self.place.startswith("pretraining") or self.draft.get("streaming")
        if not isinstance(self.entry, dict) or streamed:
            self._note("is streamed, so only its first rows are read")
            return
        split = str(self.entry.get("split") or "train")
        if "[" not in split:
            reason = "of what axolotl downloads, the first rows are prepared"
            self.draft.set(f"{self.place}.split", f"{split}[:{self.rows}]", reason)
        self._note(f"{path} is not on this machine: axolotl fetches it", key=self.place)

    def _missing(self, message: str) -> None:
        self.findings.append(
            Finding(
                code="P-DATA-MISSING",
                severity="error",
                message=message,
                key=self.path_key,
                fix=f"--set {self.path_key}=FILE names it",
            )
        )

    def _note(self, message: str, key: str = "") -> None:
        self.findings.append(
            Finding(
                code="P-DATA-WHOLE",
                severity="info",
                message=message if key else f"{self.draft.get(self.path_key)} {message}",
                key=self.path_key,
                fix=f"--set {self.path_key}=FILE names a small file instead",
            )
        )
