#!/usr/bin/env bash
# What a new container, and CI, does first: the README's make targets. A second run starts at once.
set -euo pipefail
cd "$(dirname "$0")/.."

CONSTRAINTS=constraints.txt

# An image that brings axolotl and torch (INSPECT_TOOL_IMAGE_PYTHON names its interpreter) is used as
# it is: its environment becomes .venv, and what it has is not pinned to another version.
if [ -n "${INSPECT_TOOL_IMAGE_PYTHON:-}" ]; then
    image=$("$INSPECT_TOOL_IMAGE_PYTHON" -c 'import sys; print(sys.prefix)')
    if [ -e .venv ] && [ "$(readlink -f .venv)" != "$(readlink -f "$image")" ]; then
        echo "post-create: .venv is not this container's; move it away and run again: $0" >&2
        exit 2
    fi
    [ -e .venv ] || ln -s "$image" .venv
    .venv/bin/python -m pip --version >/dev/null 2>&1 || .venv/bin/python -m ensurepip --upgrade
    CONSTRAINTS=.inspect/constraints-image.txt
    mkdir -p .inspect
    .venv/bin/python devcontainer/unpinned.py constraints.txt >"$CONSTRAINTS"
elif [ -e .venv ] && ! .venv/bin/python -c '' 2>/dev/null; then
    echo "post-create: .venv was made on another machine; move it away and run again: $0" >&2
    exit 2
fi

make setup fixtures CONSTRAINTS="$CONSTRAINTS"
.venv/bin/inspect-tool version
