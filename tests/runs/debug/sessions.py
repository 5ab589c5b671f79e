"""`inspect-tool debug` as a child process, followed until a debugger can attach."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from fixtures.build import build_models, build_tokenizers
from inspect_tool.runs.journal import Status, read_status
from inspect_tool.runs.ports import choose_port
from tests.axolotl_runs import ROOT
from tests.processes import ARGV, environment
from tests.waiting import PATIENCE, until

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

YAML = f"""
base_model: {ROOT}/fixtures/built/chatml-bpe
chat_template: chatml
datasets: [{{path: chat.jsonl, type: chat_template}}]
sequence_len: 512
learning_rate: 0.001
micro_batch_size: 2
gradient_accumulation_steps: 4
num_epochs: 3
val_set_size: 0.1
optimizer: adamw_bnb_8bit
wandb_project: mine
deepspeed: zero3.json
output_dir: out
dataset_prepared_path: prepared
"""


def project(folder: Path, *, more: str = "") -> Path:
    """Make a project in ``folder``: chat data of the fixtures and a config; return the config."""
    build_tokenizers()
    build_models()
    data = (ROOT / "fixtures/data/chat.jsonl").read_bytes()
    (folder / "chat.jsonl").write_bytes(data)
    config = folder / "lora.yml"
    config.write_text(YAML + more)
    return config


class Session:
    """One run of the command; a context manager that ends it and all that it started."""

    def __init__(self, config: Path, *arguments: object, prefix: Sequence[str] = ()) -> None:
        self.folder = config.parent / ".inspect" / "runs" / f"{config.stem}-1"
        self.port = choose_port(0)
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [*prefix, *ARGV, "debug", str(config), "--port", str(self.port), *map(str, arguments)],
            cwd=config.parent,
            env=environment(None),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)

    @property
    def output(self) -> str:
        """Everything that was written so far."""
        return "\n".join(self.lines)

    @property
    def status(self) -> Status:
        """What the run's folder says."""
        found = read_status(self.folder)
        assert found is not None, self.output
        return found

    def until_ready(self) -> None:
        """Wait for the line that says that a debugger can attach."""
        wanted = re.compile(rf"ready: .*127\.0\.0\.1:{self.port}$")
        until(lambda: self._ended() or any(map(wanted.search, self.lines)), "the ready line")
        assert self.process.poll() is None, self.output

    def wait(self) -> int:
        """Wait for the command's end and return its exit status."""
        status = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return status

    def _ended(self) -> bool:
        return self.process.poll() is not None

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))


def contents(folder: Path) -> dict[str, Any]:
    """Return every file of a project but the tool's own, with its bytes and time."""
    return {
        str(file.relative_to(folder)): (file.read_bytes(), file.stat().st_mtime_ns)
        for file in sorted(folder.rglob("*"))
        if file.is_file() and ".inspect" not in file.parts
    }
