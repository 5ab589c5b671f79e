"""Real prepared datasets for tests: axolotl runs once per config and its result is kept.

Results live in `.inspect/test-cache`, keyed by all that they are made from, so that a second test
session runs no axolotl at all.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import yaml

from fixtures.build import build_models, build_tokenizers
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parent.parent
RECIPES = ROOT / "recipes"
CACHE = ROOT / ".inspect" / "test-cache"
LOG_LINES_SHOWN = 40
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")


class AxolotlRunError(Exception):
    """Axolotl left no complete dataset; the message carries the end of its log."""


class AxolotlRuns:
    """Prepares configs with axolotl, in one server process that starts with the first one needed.

    A context manager: leaving it ends the server and whatever it forked.
    """

    def __init__(self) -> None:
        self._server: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._server.pid, signal.SIGKILL)
        self._server.communicate()
        self._server = None

    def prepared(self, config: str | Path) -> Path:
        """The `dataset_prepared_path` of a recipe (by name) or of any YAML (by path).

        Paths in the YAML are relative to the repository. What was run lies beside the folder
        returned: `config.yml`, which names that folder, and `preprocess.log`.
        """
        source = config if isinstance(config, Path) else RECIPES / f"{config}.yml"
        entry = CACHE / f"{source.stem}-{_key(source)[:16]}"
        CACHE.mkdir(parents=True, exist_ok=True)
        with _locked(entry.with_suffix(".lock")):
            if not (entry / "complete").is_file():
                shutil.rmtree(entry, ignore_errors=True)
                entry.mkdir()
                self._prepare(source, entry)
                (entry / "complete").touch()
        return entry / "prepared"

    def run(
        self,
        config: Path,
        log: Path,
        *,
        stage: str = "preprocess",
        environment: Mapping[str, str] | None = None,
    ) -> int:
        """Run a stage of axolotl (`preprocess`, `train`) as it is, and return its exit status."""
        build_tokenizers()
        build_models()
        request = {"config": str(config), "log": str(log), "stage": stage}
        status: int = self._ask({**request, "env": dict(environment or {})})["status"]
        return status

    def _prepare(self, source: Path, entry: Path) -> None:
        build_tokenizers()
        build_models()
        text = _with_key(source.read_text(), "dataset_prepared_path", str(entry / "prepared"))
        text = _with_key(text, "output_dir", str(entry / "out"))
        config, log = entry / "config.yml", entry / "preprocess.log"
        config.write_text(text)
        status = self._ask({"config": str(config), "log": str(log)})["status"]
        expected = 2 if "test_datasets" in yaml.safe_load(text) else 1
        # Axolotl's exit status lies both ways: what counts is whether a whole dataset lies there.
        if len(complete_folders(entry / "prepared")) < expected:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:])
            message = f"{source}: axolotl preprocess ended with {status}; {log}:\n{tail}"
            raise AxolotlRunError(message)

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        if self._server is None:
            self._server = self._start()
        assert self._server.stdin is not None
        self._server.stdin.write(json.dumps(request) + "\n")
        self._server.stdin.flush()
        return self._answer(self._server, within=PATIENCE)

    def _start(self) -> subprocess.Popen[str]:
        CACHE.mkdir(parents=True, exist_ok=True)
        with (CACHE / "server.log").open("w") as log:
            server = subprocess.Popen(
                [sys.executable, "-m", "tests.axolotl_server"],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        self._server = server
        self._answer(server, within=PATIENCE)
        return server

    def _answer(self, server: subprocess.Popen[str], *, within: float) -> dict[str, Any]:
        assert server.stdout is not None
        readable, _, _ = select.select([server.stdout], [], [], within)
        line = server.stdout.readline() if readable else ""
        if not line:
            reason = "ended" if readable else f"gave no answer in {within:.0f} s"
            self.__exit__()
            log = CACHE / "server.log"
            raise AxolotlRunError(f"the axolotl server {reason}; {log}:\n{log.read_text()[-2000:]}")
        answer: dict[str, Any] = json.loads(line)
        return answer


def complete_folders(prepared: Path) -> list[Path]:
    """The dataset folders below a `dataset_prepared_path` that were written to the end."""
    return sorted(
        state.parent
        for state in prepared.glob("*/state.json")
        if (state.parent / "dataset_info.json").is_file()
    )


def _key(source: Path) -> str:
    """Hex SHA-256 over all that preparing this YAML depends on."""
    text = source.read_text()
    config = yaml.safe_load(text)
    total = hashlib.sha256(f"{version('axolotl')}\0{text}\0".encode())
    entries = [*(config.get("datasets") or []), *(config.get("test_datasets") or [])]
    files = [ROOT / entry["path"] for entry in entries]
    base_model = ROOT / str(config["base_model"])
    files += [base_model / name for name in TOKENIZER_FILES]
    build_tokenizers()
    for file in files:
        if file.is_file():
            total.update(file.read_bytes() + b"\0")
    return total.hexdigest()


def _with_key(text: str, key: str, value: str) -> str:
    """The YAML with one top-level scalar set, comments and line order kept."""
    line = f"{key}: {value}"
    changed, count = re.subn(rf"(?m)^{key}:.*$", lambda _: line, text)
    return changed if count else f"{text.rstrip()}\n{line}\n"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
