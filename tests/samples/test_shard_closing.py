"""A shard's file is closed with it, also when nobody says so."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from inspect_tool.samples.prepared import PreparedDataset
from tests.arrow_files import answered, save, supervised


def descriptors(folder: Path) -> int:
    """Return how many of this process's descriptors lead into ``folder``."""
    links = []
    for link in Path("/proc/self/fd").iterdir():
        try:
            links.append(str(link.readlink()))
        except OSError:
            continue
    return sum(link.startswith(str(folder)) for link in links)


@pytest.mark.parametrize("says_so", [True, False])
def test_no_descriptor_stays(tmp_path: Path, says_so: bool) -> None:
    """Closing a dataset, or letting go of it, gives its descriptors back."""
    folder = save(tmp_path / "set", supervised([answered([1, 2, 3], prompt=1)]))
    dataset = PreparedDataset.open(folder)
    dataset.sample(0)
    held = descriptors(folder)

    if says_so:
        dataset.close()
    del dataset
    gc.collect()

    assert (held > 0, descriptors(folder)) == (True, 0)
