"""The ``.vscode`` folder of one project: what its files should be, and writing them.

All files are read and merged before the first is written, so that one that cannot be read leaves
every other as it was.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inspect_tool.editor import merge
from inspect_tool.editor.jsonc import JsoncError, parse
from inspect_tool.editor.launch_json import RANKS
from inspect_tool.editor.schema import file_name
from inspect_tool.editor.settings_json import globs
from inspect_tool.errors import InspectError
from inspect_tool.runs.workspace import discover

if TYPE_CHECKING:
    from collections.abc import Callable

    from inspect_tool.editor.launches import Launches

FOLDER = ".vscode"
MULTI_ROOT = ".code-workspace"


@dataclass(frozen=True)
class FileChange:
    """One file: what it holds, None where there is none, and what it should hold."""

    path: Path
    old: str | None
    new: str

    @property
    def current(self) -> bool:
        """Whether nothing is to be done."""
        return self.old == self.new

    def to_json(self) -> dict[str, Any]:
        """Return the documented machine-readable form (docs/schemas/vscode.json)."""
        state = "current" if self.current else "new" if self.old is None else "changed"
        return {"path": str(self.path), "state": state}


def changes(
    root: Path, launches: Launches, schema: Callable[[], str] | None
) -> tuple[FileChange, ...]:
    """Merge what is ours into each file of ``root``'s ``.vscode``; nothing is written.

    ``schema`` makes the text of axolotl's schema and is asked only where the file of the installed
    version is not there. Raises InspectError naming the file that cannot be read or merged.
    """
    folder = root / FOLDER
    named = file_name() if schema is not None else None
    key = f"./{FOLDER}/{named}" if named else None
    patterns = globs(discover(root).configs, root)
    found = []
    for name, merged in (
        ("launch.json", lambda text: merge.launch_text(text, launches)),
        ("tasks.json", lambda text: merge.tasks_text(text, launches)),
        ("settings.json", lambda text: merge.settings_text(text, key, patterns)),
        ("extensions.json", merge.extensions_text),
    ):
        path = folder / name
        old = _read(path)
        try:
            new = merged(old)
        except JsoncError as error:
            raise InspectError(
                error.message, place=path, fix="mend it, or move it away; nothing was written"
            ) from None
        if new is not None:
            found.append(FileChange(path, old, new))
    if schema is not None and named and patterns:
        old = _read(folder / named)
        found.insert(0, FileChange(folder / named, old, schema() if old is None else old))
    return tuple(found)


def ranks_there(root: Path) -> int | None:
    """Return how many ranks the project's launch.json attaches to; None where it does not say."""
    with suppress(InspectError):
        document = parse(_read(root / FOLDER / "launch.json") or "{}").value
        found = document.get("compounds") if isinstance(document, dict) else None
        for item in found if isinstance(found, list) else ():
            if isinstance(item, dict) and item.get("name") == RANKS:
                return len(item.get("configurations") or ()) or None
    return None


def write(change: FileChange) -> Path | None:
    """Write one file, whole or not at all, and return the backup of what was there, if anything."""
    target = Path(os.path.realpath(change.path))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        backup = None
        if change.old is not None:
            backup = _free_backup(change.path)
            _write_whole(backup, change.old, like=target)
        _write_whole(target, change.new, like=target)
    except OSError as error:
        raise InspectError(
            f"cannot be written ({error.strerror or error})", place=error.filename or change.path
        ) from None
    return backup


def workspace_files(root: Path) -> tuple[Path, ...]:
    """Return the multi-root workspace files that lie in a folder or beside it."""
    found: list[Path] = []
    for folder in (root, root.parent):
        with suppress(OSError):
            found += sorted(path for path in folder.iterdir() if path.suffix == MULTI_ROOT)
    return tuple(found)


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise InspectError(
            f"not UTF-8 text (byte {error.start})", place=path, fix="save it as UTF-8"
        ) from None
    except OSError as error:
        raise InspectError(f"cannot be read ({error.strerror})", place=path) from None


def _free_backup(path: Path) -> Path:
    """Return a name beside a file that no backup has yet."""
    number = 1
    while (backup := path.with_name(f"{path.name}.backup-{number}")).exists():
        number += 1
    return backup


def _write_whole(path: Path, text: str, *, like: Path) -> None:
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode("utf-8", "surrogatepass"))
        mode = like.stat().st_mode & 0o777 if like.exists() else 0o666 & ~_umask()
        Path(draft).chmod(mode)
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
