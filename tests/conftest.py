"""What every test may count on: no network, telemetry, GPU or user caches; real tokenizers."""

from __future__ import annotations

import os
import signal
import tempfile
from typing import TYPE_CHECKING

import pytest

from fixtures.build import build_tokenizers
from fixtures.places import CHATML, LLAMA3, MISTRAL
from tests.axolotl_runs import AxolotlRuns
from tests.chromium import Chromium, find_chromium

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_CACHES = tempfile.TemporaryDirectory(prefix="inspect-tool-tests-")
os.environ.update(
    {
        "AXOLOTL_DO_NOT_TRACK": "1",
        "CUDA_VISIBLE_DEVICES": "",
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
        "XDG_CACHE_HOME": _CACHES.name,
        "XDG_CONFIG_HOME": _CACHES.name,
        "XDG_STATE_HOME": _CACHES.name,
    }
)
"""Set at import, because libraries read these once and children inherit them."""

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell that starts the tests in the background has them, and their children, ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _private_caches() -> Iterator[None]:
    """Remove the session's caches when it ends."""
    yield
    _CACHES.cleanup()


@pytest.fixture(scope="session")
def built_tokenizers() -> None:
    """All tokenizers of `fixtures/built`, up to date; no torch needed."""
    build_tokenizers()


@pytest.fixture(scope="session")
def mistral_dir(built_tokenizers: None) -> Path:
    """The real Mistral-7B-v0.1 tokenizer (SentencePiece pieces, byte fallback)."""
    return MISTRAL


@pytest.fixture(scope="session")
def chatml_dir(built_tokenizers: None) -> Path:
    """A byte-level BPE whose turns end with its EOS, `<|im_end|>`."""
    return CHATML


@pytest.fixture(scope="session")
def llama3_dir(built_tokenizers: None) -> Path:
    """A byte-level BPE whose turns end with `<|eot_id|>`, which is not its EOS."""
    return LLAMA3


@pytest.fixture(scope="session")
def axolotl_runs() -> Iterator[AxolotlRuns]:
    """Real axolotl in a server that forks for each config: mark the test slow."""
    with AxolotlRuns() as runs:
        yield runs


@pytest.fixture(scope="session")
def prepared(axolotl_runs: AxolotlRuns) -> Callable[[str | Path], Path]:
    """Prepare a recipe by its name, or a YAML by its path, with real axolotl: mark the test slow.

    Gives the folder that `dataset_prepared_path` names; the config that made it is its sibling
    `config.yml`.
    """
    return axolotl_runs.prepared


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    """A real headless Chromium; pages of it are opened in contexts of their own."""
    executable = find_chromium()
    if executable is None:
        pytest.skip("no chromium here: apt-get install chromium")
    with Chromium(executable) as browser:
        yield browser
