"""The runner that makes real datasets for tests reports failures and leaves nothing running."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.axolotl_runs import ROOT, AxolotlRunError, AxolotlRuns
from tests.waiting import PATIENCE, until_gone

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def broken_config(tmp_path: Path) -> Path:
    """A YAML whose data file does not exist."""
    config = tmp_path / "broken.yml"
    config.write_text(
        "base_model: fixtures/built/chatml-bpe\n"
        "chat_template: chatml\n"
        "datasets:\n"
        "  - path: fixtures/data/nowhere.jsonl\n"
        "    type: chat_template\n"
        f"dataset_prepared_path: {tmp_path}/prepared\noutput_dir: {tmp_path}/out\n"
        "sequence_len: 64\nmicro_batch_size: 1\nlearning_rate: 0.1\nbf16: false\n"
    )
    return config


@pytest.mark.slow
def test_failure_carries_the_log(broken_config: Path) -> None:
    """What axolotl said about a config that it cannot prepare is in the error."""
    with AxolotlRuns() as runs, pytest.raises(AxolotlRunError, match=r"nowhere\.jsonl"):
        runs.prepared(broken_config)


@pytest.mark.slow
def test_leaving_ends_every_process(broken_config: Path) -> None:
    """The server is gone, with all it forked, when its owner leaves."""
    before = set(psutil.Process().children(recursive=True))
    with AxolotlRuns() as runs:
        with pytest.raises(AxolotlRunError):
            runs.prepared(broken_config)
        started = set(psutil.Process().children(recursive=True)) - before
        assert started

    until_gone(*(process.pid for process in started))


@pytest.mark.slow
def test_server_ends_with_its_owner(broken_config: Path, tmp_path: Path) -> None:
    """A server whose owner dies in the middle of a job ends, and the job with it."""
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.axolotl_server"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    with server:
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdout.readline()
        request = {"config": str(broken_config), "log": str(tmp_path / "log")}
        server.stdin.write(json.dumps(request) + "\n")
        server.stdin.close()

        assert server.wait(PATIENCE) != 0
