"""The exact commands that start a fleet, as values: one a machine, for each engine that can do it.

Pure: nothing is started or written here. What is shown is what ``--launch`` runs and what a person
pastes on the other machines.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import yaml

from inspect_tool.runs.launch import Launch
from inspect_tool.scale.accelerate_config import NAME, PORT, accelerate_config

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from inspect_tool.scale.fleet import Fleet

Engine = Literal["accelerate", "torchrun", "axolotl", "ray", "modal"]

ENGINES: tuple[Engine, ...] = ("accelerate", "torchrun", "axolotl", "ray", "modal")
ADDRESS = "FIRST-MACHINE"
"""Stands for the first machine's address where none is given."""
MODULE = "axolotl.cli.train"
MODAL_GPUS = ("l40s", "a100-40gb", "a100-80gb", "a10g", "h100", "t4", "l4")
"""What axolotl 0.19 knows of Modal's (axolotl/cli/cloud/modal_.py, get_train_gpu)."""
MODAL_IMAGE = "0.19.0"
"""axolotl's default image is older than the torch that axolotl 0.19 asks for."""
MODAL_PER_MACHINE = 8


@dataclass(frozen=True)
class Site:
    """Where a fleet meets: the folder that commands start from, the first machine, and the job.

    ``folder`` is the run's own, for the files that commands name. ``gpu`` is Modal's word for one.
    """

    cwd: Path
    folder: Path
    address: str = ADDRESS
    port: int = PORT
    job: str = "axolotl"
    gpu: str = "h100"


@dataclass(frozen=True)
class Command:
    """What to run on machine ``node`` (from 0); ``files`` must be there before, text by path."""

    engine: Engine
    node: int
    launch: Launch
    files: Mapping[Path, str] = field(default_factory=dict)
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the documented machine-readable form (docs/schemas/scale.json)."""
        return {
            "engine": self.engine,
            "node": self.node,
            "argv": list(self.launch.argv),
            "env": {key: value for key, value in self.launch.env.items() if value is not None},
            "files": {str(path): text for path, text in self.files.items()},
            "note": self.note,
        }


def commands(config: Path, fleet: Fleet, site: Site) -> tuple[Command, ...]:
    """Return the commands of every engine that can run ``fleet``, in the order of ENGINES."""
    return (
        *(accelerate(config, fleet, site, node=node) for node in range(fleet.nodes)),
        *(torchrun(config, fleet, site, node=node) for node in range(fleet.nodes)),
        *(axolotl(config, fleet, site, node=node) for node in range(fleet.nodes)),
        ray(config, fleet, site),
        *modal(config, fleet, site),
    )


def accelerate(
    config: Path,
    fleet: Fleet,
    site: Site,
    *,
    node: int = 0,
    program: tuple[str, ...] = ("-m", MODULE),
    options: tuple[str, ...] = (),
) -> Command:
    """Return ``accelerate launch`` for one machine; ``program`` takes the place of axolotl's."""
    launch = ("launch", *_accelerate_options(fleet, site, node=node), *options)
    argv = (installed("accelerate"), *launch, *program, str(config))
    return Command("accelerate", node, Launch(argv=argv, cwd=site.cwd), _config_file(fleet, site))


def torchrun(config: Path, fleet: Fleet, site: Site, *, node: int = 0) -> Command:
    """Return ``torchrun`` for one machine, with the rendezvous id that all machines must share."""
    argv = (installed("torchrun"), *_torchrun_options(fleet, site, node=node), "-m", MODULE)
    return Command("torchrun", node, Launch(argv=(*argv, str(config)), cwd=site.cwd))


def axolotl(config: Path, fleet: Fleet, site: Site, *, node: int = 0) -> Command:
    """Return ``axolotl train``, which becomes ``accelerate launch`` with the same options."""
    given = _accelerate_options(fleet, site, node=node)
    argv = (installed("axolotl"), "train", str(config), "--launcher", "accelerate", "--", *given)
    return Command("axolotl", node, Launch(argv=argv, cwd=site.cwd), _config_file(fleet, site))


def ray(config: Path, fleet: Fleet, site: Site) -> Command:
    """Return ``axolotl train`` on a Ray cluster, which places the workers itself."""
    given = ("--use-ray", "--ray-num-workers", str(fleet.processes))
    return Command(
        "ray",
        0,
        Launch(argv=(installed("axolotl"), "train", str(config), *given), cwd=site.cwd),
        note="needs axolotl[ray] and a running Ray cluster; axolotl asks for a GPU for each worker",
    )


def modal(config: Path, fleet: Fleet, site: Site) -> Iterator[Command]:
    """Yield ``axolotl train --cloud`` on Modal, which gives one machine of up to eight GPUs."""
    if fleet.nodes > 1 or fleet.processes > MODAL_PER_MACHINE:
        return
    cloud = site.folder / "modal.yml"
    values = {
        "provider": "modal",
        "gpu": site.gpu if site.gpu in MODAL_GPUS else "h100",
        "gpu_count": fleet.processes,
        "docker_tag": MODAL_IMAGE,
        "timeout": 86400,
        "volumes": [{"name": "axolotl-data", "mount": "/workspace/data"}],
        "secrets": ["HF_TOKEN", "WANDB_API_KEY"],
    }
    options = ("--launcher", "accelerate", "--", "--num_processes", str(fleet.processes))
    argv = (installed("axolotl"), "train", str(config), "--cloud", str(cloud), *options)
    yield Command(
        "modal",
        0,
        Launch(argv=argv, cwd=site.cwd),
        {cloud: yaml.safe_dump(values, sort_keys=False)},
        note="only the YAML's text and the options after -- travel; overrides on the command line "
        "are dropped, and output_dir must lie under /workspace/data to be kept",
    )


def installed(name: str) -> str:
    """Return how to call a program of this environment: by name where PATH leads to it."""
    own = Path(sys.executable).parent / name
    found = shutil.which(name)
    if not own.exists() or (found is not None and Path(found).resolve() == own.resolve()):
        return name
    return str(own)


def _accelerate_options(fleet: Fleet, site: Site, *, node: int) -> tuple[str, ...]:
    rank = ("--machine_rank", str(node)) if fleet.nodes > 1 else ()
    return ("--config_file", str(site.folder / NAME), *rank)


def _torchrun_options(fleet: Fleet, site: Site, *, node: int) -> tuple[str, ...]:
    """``--rdzv_id`` is given: axolotl makes up another one on each machine, and none ever meets."""
    processes = ("--nproc_per_node", str(fleet.per_node))
    if fleet.nodes == 1:
        return ("--standalone", *processes)
    endpoint = ("--rdzv_endpoint", f"{site.address}:{site.port}", "--rdzv_id", site.job)
    nodes = ("--nnodes", str(fleet.nodes), "--node_rank", str(node))
    return (*nodes, *processes, "--rdzv_backend", "c10d", *endpoint)


def _config_file(fleet: Fleet, site: Site) -> dict[Path, str]:
    text = accelerate_config(fleet, address=site.address, port=site.port)
    return {site.folder / NAME: text}
