"""What ``inspect-tool vscode`` does once its options are read."""

from __future__ import annotations

import difflib
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from inspect_tool.cli.exits import say
from inspect_tool.editor.launches import RANKS, Launches, interpreter
from inspect_tool.editor.project import (
    FOLDER,
    MULTI_ROOT,
    changes,
    ranks_there,
    workspace_files,
    write,
)
from inspect_tool.editor.schema import file_name, read_schema
from inspect_tool.editor.settings_json import DEBUGGER
from inspect_tool.errors import ExitCode, InspectError
from inspect_tool.samples.glyphs import safe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from inspect_tool.editor.project import FileChange

_MARKS = (FOLDER, ".git")
"""What the folder has that VS Code opens as a project."""
_CODE_SECONDS = 20.0


@dataclass(frozen=True)
class Asked:
    """One command line, understood."""

    path: Path
    check: bool
    dry_run: bool
    ranks: int | None
    python: str | None
    as_json: bool


def update(asked: Asked) -> int:
    """Merge, then write, print or compare; return the exit status."""
    root = project_root(asked.path)
    if asked.python is not None and not Path(asked.python).is_file():
        raise InspectError("no such interpreter", place=asked.python)
    ranks = asked.ranks or ranks_there(root) or RANKS
    launches = Launches(python=interpreter(root, asked.python), ranks=ranks)
    has_axolotl = file_name() is not None
    make = (lambda: "") if asked.check else _schema
    found = changes(root, launches, make if has_axolotl else None)
    stale = [change for change in found if not change.current]
    if asked.as_json:
        print(json.dumps({"root": str(root), "files": [change.to_json() for change in found]}))
    if asked.check or asked.dry_run:
        if asked.dry_run and not asked.as_json:
            sys.stdout.write("".join(line for change in stale for line in _difference(change)))
        elif not asked.as_json:
            _tell_stale(stale)
        return int(ExitCode.FINDINGS if stale and asked.check else ExitCode.OK)
    for change in stale:
        backup = write(change)
        if not asked.as_json:
            kept = f" (before: {backup.name})" if backup else ""
            print(safe(f"{change.path}{kept}", newline=" "))
    if not stale and not asked.as_json:
        print(safe(f"{root / FOLDER} is current", newline=" "))
    _advise(root, has_axolotl=has_axolotl)
    return int(ExitCode.OK)


def project_root(path: Path) -> Path:
    """Return the folder that VS Code opens for a path; raises InspectError for what is none."""
    path = path.absolute()
    if path.suffix == MULTI_ROOT:
        raise InspectError(
            "a multi-root workspace has a .vscode in each of its folders",
            place=path,
            fix="run `inspect-tool vscode FOLDER` for each that holds axolotl YAMLs",
        )
    if path.is_dir():
        return path
    if not path.exists():
        raise InspectError("no such file or folder", place=path)
    if path.suffix.lower() not in {".yml", ".yaml"}:
        raise InspectError("neither a folder nor a YAML", place=path)
    above = [folder for folder in path.parents if any((folder / m).exists() for m in _MARKS)]
    return above[0] if above else path.parent


def _schema() -> str:
    from inspect_tool.axolotl_worker import AxolotlWorker

    say("asking axolotl for its schema (some seconds, once a version) ...")
    with AxolotlWorker() as worker:
        return read_schema(worker)


def _tell_stale(stale: Iterable[FileChange]) -> None:
    names = [f"{change.path}: not current" for change in stale]
    for line in names or ["current"]:
        print(safe(line, newline=" "))


def _difference(change: FileChange) -> Iterable[str]:
    before = (change.old or "").splitlines(keepends=True)
    after = change.new.splitlines(keepends=True)
    if change.old is None and len(change.new) > 100_000:
        yield f"+++ {safe(str(change.path), newline=' ')} ({len(change.new):,} characters)\n"
        return
    for line in difflib.unified_diff(before, after, str(change.path), str(change.path)):
        yield safe(line.rstrip("\r\n"), tab="    ") + "\n"


def _advise(root: Path, *, has_axolotl: bool) -> None:
    """Say what is still missing for F5 to work."""
    if not has_axolotl:
        say("axolotl is not installed here: no completion in its YAMLs, and debug runs need it "
            "(pip install 'axolotl-inspect[train]')")  # fmt: skip
    for file in workspace_files(root):
        say(f"{file}: opened as a multi-root workspace, VS Code ignores yaml.schemas of a folder's "
            "settings.json; copy it into this file's settings")  # fmt: skip
    code = shutil.which("code")
    if code is None:
        return
    try:
        answer = subprocess.run(
            [code, "--list-extensions"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_CODE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return
    if answer.returncode == 0 and DEBUGGER not in answer.stdout.lower().split():
        say(f"VS Code has no Python debugger yet: code --install-extension {DEBUGGER}")
