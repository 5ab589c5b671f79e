"""``python -m inspect_tool.runs.stops.main MODULE ARGUMENT...``: run a module with its stops.

Does what ``python -m MODULE ARGUMENT...`` does, after the stops of the environment are installed.
"""

from __future__ import annotations

import runpy
import sys


def main() -> None:
    """Install the stops and become the module."""
    from inspect_tool.runs.stops.hook import install

    install()
    module = sys.argv[1]
    sys.argv = sys.argv[1:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
