"""The accelerate config file of one fleet, for the run's own folder.

``accelerate launch`` without ``--config_file`` reads the one in the home directory, whatever it is
from. FSDP and DeepSpeed are not in it: axolotl turns them on from its own YAML
(axolotl/utils/trainer.py, prepare_optim_env), and two sources could disagree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from inspect_tool.scale.fleet import Fleet

NAME = "accelerate.yml"
PORT = 29500
"""accelerate's own default, for the first process of the first machine."""


def accelerate_config(fleet: Fleet, *, address: str = "", port: int = PORT) -> str:
    """Return the file's text; ``address`` is the first machine's, needed from two machines on.

    Keys are those of accelerate's ClusterConfig, which refuses others
    (accelerate/commands/config/config_args.py).
    """
    values: dict[str, Any] = {
        "compute_environment": "LOCAL_MACHINE",
        "distributed_type": "MULTI_GPU" if fleet.processes > 1 else "NO",
        "num_processes": fleet.processes,
        "num_machines": fleet.nodes,
        "machine_rank": 0,
        "main_process_port": port,
        "main_training_function": "main",
        "mixed_precision": "no",
        "rdzv_backend": "static",
        "same_network": True,
        "use_cpu": False,
    }
    if fleet.nodes > 1:
        values["main_process_ip"] = address
    return (
        "# Written by inspect-tool scale. Precision, FSDP and DeepSpeed are axolotl's to set.\n"
        + (yaml.safe_dump(values, sort_keys=False))
    )
