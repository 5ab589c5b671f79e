"""A run of several ranks carried out: started by its launcher, followed rank by rank, and ended.

The launcher's own end of a broken run can take half a minute and tells little; here the first rank
that went is named at once, and nothing is left of the others.
"""

from __future__ import annotations

import re
import threading
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from typing import IO, TYPE_CHECKING

from inspect_tool.errors import InspectError
from inspect_tool.runs.debug_run import write_inputs
from inspect_tool.runs.failures.failure import FailedRunError
from inspect_tool.runs.journal import (
    CONFIG,
    LOG,
    RUN_KEY,
    Journal,
    State,
    make_folder,
    unwritable,
)
from inspect_tool.runs.launch import Launch, Process
from inspect_tool.scale.ranks.first import explain_first, went_first, what_happened
from inspect_tool.scale.ranks.main import DEBUG_KEY
from inspect_tool.scale.ranks.record import LOG as RANK_LOG
from inspect_tool.scale.ranks.record import Rank, RankState, folder_of, read_ranks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from inspect_tool.runs.debug import DebugPlan

WRAPPER = "inspect_tool.scale.ranks.main"
LOOK = "the log has the rest"
LAUNCHER = "launcher"
"""The folder in which torchrun keeps what each rank printed, beside the run's own logs."""
GRACE_SECONDS = 4.0
"""How long the launcher may take to end the other ranks once one has gone."""
_POLL_SECONDS = 0.25
_PREFIX = "[rank {rank}]:"
_OF_RANK = re.compile(r"\[rank (\d+)\]:(.*)", re.DOTALL)


@dataclass(frozen=True)
class FleetRun:
    """What to run: the launcher's command, the texts of the files that the run reads, by name.

    ``launch`` starts ``WRAPPER`` on every rank; ``debug`` names the ranks that wait for a debugger,
    rank r on ``port`` + r.
    """

    folder: Path
    launch: Launch
    config_yaml: str
    processes: int
    files: Mapping[Path, str] = field(default_factory=dict)
    plan: DebugPlan | None = None
    """What the run's data and tiny model are made by; None: the config is run as it is."""
    debug: tuple[int, ...] = ()
    port: int = 0

    def with_environment(self) -> Launch:
        """Return the launch with what ranks need to find the run's folder and their debugger."""
        env: dict[str, str | None] = {
            **self.launch.env,
            RUN_KEY: str(self.folder),
            "PYTHONUNBUFFERED": "1",
            "TORCHELASTIC_LOG_LINE_PREFIX_TEMPLATE": _PREFIX.format(rank="${rank}"),
        }
        if self.debug:
            env[DEBUG_KEY] = f"{self.port}:{','.join(map(str, self.debug))}"
            env["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
        return replace(self.launch, env=env)


@dataclass(frozen=True)
class FleetListener:
    """Who is told what: each line with its rank (None: the launcher's), each rank's new state.

    ``on_start`` is told the launcher's process. Once ``stop`` is set the run counts as interrupted;
    whoever sets it ends that process, if any.
    """

    on_line: Callable[[int | None, str], None] | None = None
    on_rank: Callable[[Rank], None] | None = None
    on_start: Callable[[Process], None] | None = None
    stop: threading.Event = field(default_factory=threading.Event)


def launcher_options(folder: Path) -> tuple[str, ...]:
    """Return the options with which accelerate and torchrun tell the ranks' lines apart."""
    return ("--tee", "3", "--log_dir", str(folder / LAUNCHER))


def run_fleet(run: FleetRun, listener: FleetListener | None = None) -> Path:
    """Carry out ``run`` and return its folder; blocks until every rank has ended.

    Raises InspectError where it cannot start, FailedRunError that names the rank that went first
    and explains its error.
    After any exception, KeyboardInterrupt too, nothing of the run is left running.
    """
    listener = listener or FleetListener()
    journal = make_folder(run.folder)
    try:
        if run.plan is not None:
            write_inputs(run.plan, journal)
        journal.write(CONFIG, run.config_yaml)
        for path, text in run.files.items():
            journal.write(path.name, text)
        status, first = _Running(run, journal, listener).until_end()
    except BaseException as error:
        interrupted = isinstance(error, KeyboardInterrupt)
        state = State.INTERRUPTED if interrupted else State.FAILED
        _finish(journal, state, "interrupted" if interrupted else str(error), None)
        raise
    if listener.stop.is_set():
        _finish(journal, State.INTERRUPTED, "interrupted", status)
        return run.folder
    if status == 0 and first is None:
        _finish(journal, State.FINISHED, "", status)
        return run.folder
    first = went_first(run.folder) or first
    message = what_happened(run.folder, first, processes=run.processes, status=status)
    _finish(journal, State.FAILED, message, status)
    place = folder_of(run.folder, first.rank) / RANK_LOG if first else run.folder / LOG
    failure = explain_first(run.folder, first)
    failed = FailedRunError(message, place=place, fix=failure.fix if failure else LOOK)
    failed.failure = failure
    raise failed


class _Running:
    """The launcher's process; owns it, the logs, and the thread that watches the ranks."""

    def __init__(self, run: FleetRun, journal: Journal, listener: FleetListener) -> None:
        self.run = run
        self.journal = journal
        self.listener = listener
        self.ended = threading.Event()
        self.first: Rank | None = None
        """The one that is seen gone; of several at once the launcher knows (see ``first``)."""
        self.said = ""

    def until_end(self) -> tuple[int, Rank | None]:
        """Return the launcher's exit status and the rank that went first, if one did."""
        launch = self.run.with_environment()
        with Process(launch) as process:
            self.journal.say(State.STARTING, **self.journal.of_process(process.pid))
            watch = threading.Thread(target=self._watch, args=(process,))
            watch.start()
            try:
                if self.listener.on_start is not None:
                    self.listener.on_start(process)
                self._follow(process, launch)
                return process.wait(), self.first
            finally:
                self.ended.set()
                watch.join()

    def _follow(self, process: Process, launch: Launch) -> None:
        log = self.run.folder / LOG
        with ExitStack() as files:
            try:
                whole = files.enter_context(log.open("w", encoding="utf-8"))
                whole.write(f"{launch.command()}\n\n")
                logs: dict[int, IO[str]] = {}
                for line in process.lines():
                    whole.write(f"{line}\n")
                    whole.flush()
                    rank, text = split(line)
                    if rank is not None:
                        if rank not in logs:
                            logs[rank] = files.enter_context(self._log_of(rank))
                        logs[rank].write(f"{text}\n")
                        logs[rank].flush()
                    if self.listener.on_line is not None:
                        self.listener.on_line(rank, text)
            except OSError as error:
                raise unwritable(error, log) from None

    def _log_of(self, rank: int) -> IO[str]:
        folder = folder_of(self.run.folder, rank)
        folder.mkdir(parents=True, exist_ok=True)
        return (folder / RANK_LOG).open("w", encoding="utf-8")

    def _watch(self, process: Process) -> None:
        """Tell how the ranks fare; once one has gone, end what the launcher leaves."""
        told: dict[int, RankState] = {}
        while not self.ended.wait(_POLL_SECONDS):
            ranks = read_ranks(self.run.folder)
            for rank in ranks:
                if told.get(rank.rank) != rank.state:
                    told[rank.rank] = rank.state
                    self._tell(rank, ranks)
            if self.first is not None:
                if not self.ended.wait(GRACE_SECONDS):
                    process.end()
                return

    def _tell(self, rank: Rank, ranks: list[Rank]) -> None:
        gone = [one for one in ranks if one.went_wrong]
        if gone and self.first is None:
            self.first = min(gone, key=lambda one: (one.ended or 0.0, one.rank))
            known = len(gone) == 1
            self.said = f"rank {self.first.rank} went first" if known else "ranks have gone"
        with suppress(InspectError):
            if self.first is not None:
                self.journal.say(State.RUNNING, message=self.said)
            else:
                waiting = any(one.state is RankState.WAITING for one in ranks)
                self.journal.say(State.WAITING if waiting else State.RUNNING)
        if self.listener.on_rank is not None:
            self.listener.on_rank(rank)


def split(line: str) -> tuple[int | None, str]:
    """Return the rank that a launcher's line is from, None for its own, and the rest of it."""
    found = _OF_RANK.match(line)
    return (int(found[1]), found[2]) if found else (None, line)


def _finish(journal: Journal, state: State, message: str, status: int | None) -> None:
    """Write the last status; a full disk must not hide what happened."""
    with suppress(InspectError):
        journal.finish(state, message=message, exit_status=status)
