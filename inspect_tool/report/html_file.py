"""Writes a page to a file: whole or not at all, and never over a file that is something else."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from inspect_tool.errors import InspectError
from inspect_tool.report.html import GENERATOR, page

if TYPE_CHECKING:
    from inspect_tool.report.html import Contents

HEAD_BYTES: Final = 2048
"""Bytes of a page in which its generator stands."""


def refuse_other_files(file: Path) -> None:
    """Raise InspectError unless ``file`` may be written: new, or an earlier report."""
    if file.is_dir():
        fix = f"name a file in it, such as {file / 'report.html'}"
        raise InspectError("a folder, not a file", place=file, fix=fix)
    if not file.parent.is_dir():
        raise InspectError("its folder is not there", place=file, fix=f"mkdir -p {file.parent}")
    if not file.exists():
        return
    with file.open("rb") as existing:
        head = existing.read(HEAD_BYTES)
    if head and f'content="{GENERATOR}"'.encode() not in head:
        raise InspectError(
            "is there already and is no report of this tool", place=file, fix="name another file"
        )


def write_page(contents: Contents, file: Path) -> None:
    """Write the page to ``file``; until it is whole, an earlier one stays as it was."""
    refuse_other_files(file)
    descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as new:
            new.writelines(page(contents))
        Path(name).chmod(0o666 & ~_umask())
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    """Return the process's umask, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
