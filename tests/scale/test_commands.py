"""The commands that start a fleet: as values, and run as they are printed."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from inspect_tool.runs.debug_run import write_inputs
from inspect_tool.runs.journal import make_folder
from inspect_tool.runs.launch import Launch, Process
from inspect_tool.runs.ports import choose_port
from inspect_tool.scale.accelerate_config import NAME, accelerate_config
from inspect_tool.scale.commands import (
    ENGINES,
    MODAL_GPUS,
    Command,
    Site,
    accelerate,
    axolotl,
    commands,
    modal,
    torchrun,
)
from inspect_tool.scale.fleet import Fleet
from inspect_tool.scale.rehearsal.facts import FACTS_KEY, WITNESS, read_ranks
from inspect_tool.scale.safe_fleet import safe_fleet
from tests.runs.debug.sessions import project
from tests.scale.fleets import plan

if TYPE_CHECKING:
    from collections.abc import Sequence

CONFIG = Path("qlora.yml")


def site(folder: Path = Path("/run")) -> Site:
    """Return where the fleets of these tests meet."""
    return Site(cwd=Path("/project"), folder=folder, address="10.0.0.1", port=29501, job="mine")


def words(command: Command) -> list[str]:
    """Return a command's words after the program."""
    return list(command.launch.argv[1:])


def test_accelerate_on_one_machine() -> None:
    """The config file says it all: nothing of the home directory is read."""
    command = accelerate(CONFIG, Fleet(8), site())

    assert words(command) == [
        *("launch", "--config_file", f"/run/{NAME}"),
        *("-m", "axolotl.cli.train", "qlora.yml"),
    ]
    assert yaml.safe_load(command.files[Path("/run") / NAME])["num_processes"] == 8


def test_accelerate_on_two_machines() -> None:
    """Each machine says which it is; processes are counted over both, as accelerate counts."""
    first, second = (accelerate(CONFIG, Fleet(8, 2), site(), node=node) for node in (0, 1))

    assert words(first)[3:5] == ["--machine_rank", "0"]
    assert words(second)[3:5] == ["--machine_rank", "1"]
    said = yaml.safe_load(first.files[Path("/run") / NAME])
    assert (said["num_processes"], said["num_machines"]) == (8, 2)
    assert (said["main_process_ip"], said["main_process_port"]) == ("10.0.0.1", 29501)


def test_torchrun_gives_all_machines_one_rendezvous() -> None:
    """The id is given: axolotl would make up another one on each machine."""
    first, second = (torchrun(CONFIG, Fleet(8, 2), site(), node=node) for node in (0, 1))

    assert words(first)[words(first).index("--rdzv_id") + 1] == "mine"
    assert [a for a, b in zip(words(first), words(second), strict=True) if a != b] == ["0"]


def test_every_engine_has_its_commands() -> None:
    """One for each machine where machines are started one by one."""
    found = [(command.engine, command.node) for command in commands(CONFIG, Fleet(8, 2), site())]

    by_machine = [(engine, node) for engine in ENGINES[:3] for node in (0, 1)]
    assert found == [*by_machine, ("ray", 0)]


def test_modal_has_one_machine() -> None:
    """Modal's file asks for as many GPUs as processes, in an image that fits axolotl 0.19."""
    (command,) = modal(CONFIG, Fleet(4), site())

    cloud = yaml.safe_load(command.files[Path("/run/modal.yml")])
    assert (cloud["provider"], cloud["gpu"], cloud["gpu_count"]) == ("modal", "h100", 4)
    assert list(modal(CONFIG, Fleet(8, 2), site())) == []


def axolotl_source(name: str) -> str:
    """Return the text of one of axolotl's files, which is not imported."""
    spec = find_spec("axolotl")
    assert spec is not None
    assert spec.origin is not None
    return (Path(spec.origin).parent / name).read_text("utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("gpu", MODAL_GPUS)
def test_modal_gpus_are_axolotls(gpu: str) -> None:
    """Each name is one that axolotl's own Modal launcher tells apart."""
    assert f'"{gpu}"' in axolotl_source("cli/cloud/modal_.py")


@pytest.mark.slow
@pytest.mark.parametrize("key", ["use_ray", "ray_num_workers"])
def test_ray_options_are_axolotls(key: str) -> None:
    """The options are keys of axolotl's config, and its command makes one of each key."""
    assert f"    {key}: " in axolotl_source("utils/schemas/integrations.py")


@pytest.mark.parametrize("fleet", [Fleet(1), Fleet(2), Fleet(16, 2)], ids=str)
@pytest.mark.slow
def test_accelerate_reads_its_config(fleet: Fleet, tmp_path: Path) -> None:
    """Accelerate's own class takes every key, and knows of no engine but the launcher's."""
    file = tmp_path / NAME
    file.write_text(accelerate_config(fleet, address="10.0.0.1"), "utf-8")
    code = (
        "import sys; from accelerate.commands.config.config_args import ClusterConfig as C;"
        "c = C.from_yaml_file(sys.argv[1]);"
        "print(c.num_processes, c.num_machines, c.distributed_type.value, c.fsdp_config)"
    )

    said = subprocess.check_output([sys.executable, "-c", code, file], text=True)

    kind = "MULTI_GPU" if fleet.processes > 1 else "NO"
    assert said.split() == [str(fleet.processes), str(fleet.nodes), kind, "{}"]


def run_as_printed(printed: Sequence[Command], folder: Path) -> None:
    """Run commands all at once in shells, as they are printed; each must end well."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    shells = [
        Launch(argv=("sh", "-c", command.launch.command()), cwd=folder, env={"PATH": path})
        for command in printed
    ]
    with ExitStack() as stack:
        processes = [stack.enter_context(Process(shell)) for shell in shells]
        readers = stack.enter_context(ThreadPoolExecutor(len(processes)))
        logs = list(readers.map(lambda process: list(process.lines()), processes))
        statuses = [process.wait() for process in processes]

    assert not any(statuses), "\n".join(line for log in logs for line in log[-40:])


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["accelerate", "torchrun", "axolotl"])
def test_printed_commands_train(engine: str, tmp_path: Path) -> None:
    """Two machines (here two launchers on loopback) meet and train; `axolotl train` on one."""
    base = plan(project(tmp_path, more=f"plugins: [{WITNESS}]\n"), steps=1)
    fleet = Fleet(2, 1 if engine == "axolotl" else 2)
    run = safe_fleet(base, fleet)
    journal = make_folder(run.folder)
    write_inputs(base, journal)
    journal.write("config.yml", run.config_yaml)
    here = Site(tmp_path, run.folder, address="127.0.0.1", port=choose_port(0), job="one")
    make = {"accelerate": accelerate, "torchrun": torchrun, "axolotl": axolotl}[engine]
    printed = [make(base.derived_path, fleet, here, node=node) for node in range(fleet.nodes)]
    for path, text in printed[0].files.items():
        path.write_text(text, "utf-8")
    env = {**base.launch.env, FACTS_KEY: str(tmp_path)}

    run_as_printed([replace(one, launch=replace(one.launch, env=env)) for one in printed], tmp_path)

    facts = read_ranks(tmp_path)
    assert [(rank.process.world, rank.process.heard) for rank in facts] == [(2, (0, 1))] * 2
    assert all(rank.ended for rank in facts)
