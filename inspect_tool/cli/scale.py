"""``inspect-tool scale``: a config on many processes, checked and sized, and the commands."""

from pathlib import Path
from typing import Annotated

import typer

from inspect_tool.cli.options import Color, Gpu, JsonFlag, Nodes, Processes, Start, StrategyOption

HELP = """Say what CONFIG does on many processes, what will go wrong, and how it is launched.

Batches, steps and tokens of one process and of all; bytes on each GPU; every known way in which
such a run fails late or in silence, with the key and the fix; the commands for accelerate,
torchrun, Ray and Modal. Nothing is trained: the files that the commands name are written below
.inspect/scale. The first time axolotl and the model's class are asked, which takes some seconds.

--rehearse then trains a tiny model for three steps on one process and on N, through accelerate
launch, and says whether both compute the same. --launch trains CONFIG itself, with a record of
every rank; on several machines each is started with its own --node. --debug-ranks runs the tiny
config on all ranks, on CPUs too, and has the ranks named wait for a debugger.

Exits with 1 when there is an error or a warning, 3 when a rehearsed run fails. With --json one
document (docs/schemas/scale.json).

\b
Examples:
  inspect-tool scale qlora.yml --processes 8
  inspect-tool scale qlora.yml --processes 16 --nodes 2 --strategy fsdp --gpu h100-80gb
  inspect-tool scale qlora.yml --processes 2 --rehearse
  inspect-tool scale qlora.yml --processes 2 --debug-ranks 0,1
  inspect-tool scale qlora.yml --processes 8 --launch
  inspect-tool scale qlora.yml --processes 8 --json | jq '.batch, .memory.total'
"""

ConfigPath = Annotated[Path, typer.Argument(metavar="CONFIG", help="The axolotl YAML.")]
ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="FOLDER_OR_NAME",
        help="Whose config.json counts; default: base_model's.",
        show_default=False,
    ),
]
TunedOn = Annotated[
    int,
    typer.Option(
        "--tuned-on", min=1, metavar="N", help="Processes that CONFIG's batch and rate are for."
    ),
]
Address = Annotated[
    str | None,
    typer.Option(
        "--address",
        metavar="HOST",
        help="The first machine, as the others reach it.",
        show_default=False,
    ),
]
NoAxolotl = Annotated[
    bool, typer.Option("--no-axolotl", help="Ask nothing that takes time; it is listed as unknown.")
]
Rehearse = Annotated[
    bool,
    typer.Option(
        "--rehearse", help="Run it, tiny, on 1 process and on N, and compare the numbers."
    ),
]
RehearseProcesses = Annotated[
    int | None,
    typer.Option(
        "--rehearse-processes",
        min=2,
        metavar="N",
        help="Rehearse on so many; default: all that this machine can run.",
        show_default=False,
    ),
]
Like = Annotated[
    str | None,
    typer.Option(
        "--like",
        metavar="ARCHITECTURE",
        help="Rehearse or debug a tiny model of this architecture, without the base model.",
        show_default=False,
    ),
]
Tokenizer = Annotated[
    str | None,
    typer.Option(
        "--tokenizer",
        metavar="PATH_OR_NAME",
        help="Rehearse or debug with another tokenizer.",
        show_default=False,
    ),
]
Launch = Annotated[
    bool, typer.Option("--launch", help="Train for real on this machine, all ranks recorded.")
]
Anyway = Annotated[
    bool, typer.Option("--anyway", help="Launch although the preflight found errors.")
]
Node = Annotated[int, typer.Option("--node", min=0, help="Which of the machines this is, from 0.")]
Port = Annotated[
    int | None,
    typer.Option(
        "--port", help="Where ranks meet on the first machine; default: 29500.", show_default=False
    ),
]
DebugRanks = Annotated[
    str | None,
    typer.Option(
        "--debug-ranks",
        metavar="RANKS",
        help="Run the tiny config on all ranks; those named (0,1) wait for a debugger.",
        show_default=False,
    ),
]
DebugPort = Annotated[
    int, typer.Option("--debug-port", help="Rank 0's, on 127.0.0.1; rank r's is r higher.")
]
Reuse = Annotated[
    bool,
    typer.Option("--reuse", help="If ranks wait for a debugger already, say so and start none."),
]


def scale(
    config: ConfigPath,
    *,
    processes: Processes,
    nodes: Nodes = 1,
    strategy: StrategyOption = None,
    gpu: Gpu = None,
    model: ModelOption = None,
    tuned_on: TunedOn = 1,
    address: Address = None,
    no_axolotl: NoAxolotl = False,
    rehearse: Rehearse = False,
    rehearse_processes: RehearseProcesses = None,
    like: Like = None,
    tokenizer: Tokenizer = None,
    launch: Launch = False,
    anyway: Anyway = False,
    node: Node = 0,
    port: Port = None,
    ranks: DebugRanks = None,
    debug_port: DebugPort = 5678,
    reuse: Reuse = False,
    start: Start = None,
    color: Color = "auto",
    as_json: JsonFlag = False,
) -> int:
    """Plan a fleet and print the plan."""
    rehearse = rehearse or rehearse_processes is not None
    _refuse_mixed(
        rehearse=rehearse,
        launch=launch,
        debug=ranks is not None,
        for_launch=anyway or node > 0 or port is not None,
        for_tiny=like is not None or tokenizer is not None,
        as_json=as_json,
    )
    from inspect_tool.cli.scaling import Scaling, print_plan
    from inspect_tool.runs.tiny.source import ModelChoice
    from inspect_tool.scale.commands import ADDRESS
    from inspect_tool.scale.fleet import Strategy
    from inspect_tool.scale.plan import ScaleOptions

    options = ScaleOptions(
        processes=processes,
        nodes=nodes,
        strategy=Strategy(strategy) if strategy else None,
        gpu=gpu,
        reference=tuned_on,
        address=address or ADDRESS,
        model=str(Path(model).absolute()) if model and Path(model).is_dir() else model,
    )
    scaling = Scaling(config=config, options=options, cwd=start, ask=not no_axolotl)
    tiny = ModelChoice(like=like, tokenizer=tokenizer)
    if ranks is not None:
        from inspect_tool.cli.launching import debug_ranks

        return debug_ranks(scaling, ranks, port=debug_port, model=tiny, reuse=reuse)
    if launch:
        from inspect_tool.cli.launching import launch_plan
        from inspect_tool.scale.real_fleet import Meeting

        meeting = Meeting.of(node=node, address=address, port=port)
        return launch_plan(scaling, meeting, anyway=anyway, color=color)
    if rehearse:
        from inspect_tool.cli.rehearsing import rehearse_plan
        from inspect_tool.scale.rehearsal.plan import RehearsalOptions

        rehearsing = RehearsalOptions(processes=rehearse_processes, model=tiny)
        return rehearse_plan(scaling, rehearsing, color=color, as_json=as_json)
    return print_plan(scaling, color=color, as_json=as_json)


def _refuse_mixed(
    *, rehearse: bool, launch: bool, debug: bool, for_launch: bool, for_tiny: bool, as_json: bool
) -> None:
    """Refuse options that would be passed over, which for a run that costs something is unsafe."""
    runs = {"--rehearse": rehearse, "--launch": launch, "--debug-ranks": debug}
    asked = [name for name, is_asked in runs.items() if is_asked]
    if len(asked) > 1:
        raise typer.BadParameter(f"{' and '.join(asked)} are runs of their own: one at a time")
    if as_json and (launch or debug):
        raise typer.BadParameter("--json goes with a plan or --rehearse; a run's folder has JSON")
    if for_launch and not launch:
        raise typer.BadParameter("--anyway, --node and --port go with --launch")
    if for_tiny and not (rehearse or debug):
        raise typer.BadParameter("--like and --tokenizer go with --rehearse or --debug-ranks")
