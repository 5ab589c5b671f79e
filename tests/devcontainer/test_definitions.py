"""The devcontainer's definitions: valid, found by the official command, and true to the project."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "devcontainer"
DEFINITIONS = ("devcontainer.json", "gpu/devcontainer.json")
SCHEMA = json.loads((Path(__file__).parent / "devContainer.base.schema.json").read_text("utf-8"))

DOCKER = """#!/bin/sh
[ "$1" = version ] && echo '{"Client": {"Version": "28.0.0"}, "Server": {"Version": "28.0.0"}}'
exit 0
"""
"""Answers what `read-configuration` asks an engine; nothing is built or started."""


def read(name: str) -> dict[str, Any]:
    """Return a definition without its comment lines."""
    text = (FOLDER / name).read_text("utf-8")
    definition: dict[str, Any] = json.loads(re.sub(r"(?m)^\s*//.*$", "", text))
    return definition


def command() -> str | None:
    """Return where the official devcontainer command is."""
    own = ROOT / ".inspect/node/node_modules/.bin/devcontainer"
    return str(own) if own.exists() else shutil.which("devcontainer")


@pytest.mark.parametrize("name", DEFINITIONS)
def test_definition_keeps_the_schema(name: str) -> None:
    """Each definition is valid by the specification's own schema."""
    validator = jsonschema.Draft201909Validator(SCHEMA)

    assert [error.message for error in validator.iter_errors(read(name))] == []


def test_schema_refuses_a_misspelt_key() -> None:
    """The schema would tell a key that no tool reads."""
    wrong = {**read("devcontainer.json"), "postCreateComand": "true"}

    assert not jsonschema.Draft201909Validator(SCHEMA).is_valid(wrong)


def test_link_is_where_editors_look() -> None:
    """VS Code, Codespaces and the command look into .devcontainer."""
    assert (ROOT / ".devcontainer").readlink() == Path("devcontainer")


@pytest.mark.parametrize("name", DEFINITIONS)
def test_definition_builds_a_stage_of_the_one_dockerfile(name: str) -> None:
    """Both definitions share the Dockerfile, each with a target that is in it."""
    build = read(name)["build"]
    dockerfile = ((FOLDER / name).parent / build["dockerfile"]).resolve()

    assert dockerfile == FOLDER / "Dockerfile"
    assert f" AS {build['target']}\n" in dockerfile.read_text("utf-8")


@pytest.mark.parametrize("name", DEFINITIONS)
def test_definition_lets_debuggers_look_into_processes(name: str) -> None:
    """py-spy and gdb need SYS_PTRACE."""
    assert "SYS_PTRACE" in read(name)["capAdd"]


@pytest.mark.parametrize("name", DEFINITIONS)
def test_caches_outlive_the_container(name: str) -> None:
    """Downloaded packages and models lie in a named volume."""
    definition = read(name)
    home = "/root" if definition["remoteUser"] == "root" else f"/home/{definition['remoteUser']}"

    assert [(mount["type"], mount["target"]) for mount in definition["mounts"]] == [
        ("volume", f"{home}/.cache")
    ]


def test_gpu_definition_gets_gpus_and_memory_to_share() -> None:
    """NCCL and data loaders need more than Docker's 64 MB of shared memory."""
    given = read("gpu/devcontainer.json")["runArgs"]

    assert {"--gpus=all", "--shm-size=16g", "--ulimit=memlock=-1"} <= set(given)


@pytest.mark.parametrize("name", DEFINITIONS)
def test_new_container_is_set_up_by_the_script_that_ci_runs(name: str) -> None:
    """What `.ci/run` proves on a clean checkout is what a new container does."""
    script = read(name)["postCreateCommand"]

    assert os.access(ROOT / script, os.X_OK)
    assert f"\n{script}\n" in (ROOT / ".ci/run").read_text("utf-8")


@pytest.mark.parametrize("name", DEFINITIONS)
def test_official_command_reads_the_definition(name: str, tmp_path: Path) -> None:
    """`devcontainer read-configuration` finds it through the link and fills in its variables."""
    found = command()
    if found is None:
        pytest.skip("npm install @devcontainers/cli gives the devcontainer command")
    docker = tmp_path / "docker"
    docker.write_text(DOCKER, "ascii")
    docker.chmod(0o755)
    argv = [found, "read-configuration", "--workspace-folder", str(ROOT)]
    if name != "devcontainer.json":
        argv += ["--config", str(ROOT / ".devcontainer" / name)]

    done = subprocess.run(
        argv,
        env={**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )

    configuration = json.loads(done.stdout)["configuration"]
    assert configuration["name"] == read(name)["name"]
    assert configuration["configFilePath"]["path"] == str(ROOT / ".devcontainer" / name)
    assert "${containerWorkspaceFolder}" not in json.dumps(configuration)
