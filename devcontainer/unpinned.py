"""Print a constraints file with what is installed here pinned to the version that is installed.

An image's torch, and what was compiled against it, must not be replaced by another version.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import distributions
from pathlib import Path


def main() -> None:
    """Print the lines of the file named; installed packages with their own version."""
    installed = {_plain(there.name): there.version for there in distributions()}
    for line in Path(sys.argv[1]).read_text("utf-8").splitlines():
        name = _plain(line.partition("==")[0])
        version = installed.get(name)
        print(f"{name}=={version}" if version is not None else line)


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


if __name__ == "__main__":
    main()
