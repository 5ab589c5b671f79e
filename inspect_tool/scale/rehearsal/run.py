"""One of the two runs carried out: started, followed, and ended whatever happens.

Every rank writes its facts while it trains, so a run that is killed or that hangs leaves what it
had seen. A run that says nothing for long is ended with all of its processes.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from inspect_tool.runs.debug_run import end
from inspect_tool.runs.journal import CONFIG, LOG, Journal, State, make_folder, unwritable
from inspect_tool.runs.launch import Process
from inspect_tool.scale.rehearsal.facts import Rank, file_of, read_ranks

if TYPE_CHECKING:
    from collections.abc import Callable

    from inspect_tool.scale.rehearsal.plan import Part, Which

SILENCE_SECONDS = 360.0
"""How long a run may say nothing; longer than a rank waits for another."""
STEP_SECONDS = 180.0
"""How long once steps are taken, each of a few rows and a tiny model."""
LINGER_SECONDS = 60.0
"""How long it may say nothing once every rank has trained: what is left is saving a tiny model."""
_POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Outcome:
    """How a run ended, and what its ranks wrote. ``stuck``: ended here, for it said nothing."""

    part: Part
    ranks: tuple[Rank, ...]
    exit_status: int
    stuck: bool = False

    @property
    def all_ended(self) -> bool:
        """Whether every rank that there was, however many, came to the end of its training loop."""
        return bool(self.ranks) and all(rank.ended for rank in self.ranks)

    @property
    def trained(self) -> bool:
        """Whether as many as were asked for did."""
        return self.all_ended and len(self.ranks) == self.part.processes


@dataclass(frozen=True)
class Following:
    """Who is told what, and how patient to be (seconds).

    Once ``stop`` is set the rehearsal counts as interrupted; whoever sets it ends the process that
    ``on_start`` was told last, if any.
    """

    on_line: Callable[[Which, str], None] | None = None
    on_start: Callable[[Which, Process], None] | None = None
    silence: float = SILENCE_SECONDS
    step: float = STEP_SECONDS
    linger: float = LINGER_SECONDS
    stop: threading.Event = field(default_factory=threading.Event)


def run_part(part: Part, following: Following | None = None) -> Outcome:
    """Run one part in its own folder, which must be new; blocks until nothing of it is left.

    Raises InspectError where the folder cannot be written, RunFailedError where the launcher cannot
    be started, KeyboardInterrupt once it was to stop. A run that fails is an outcome.
    """
    following = following or Following()
    journal = make_folder(part.folder)
    try:
        journal.write(CONFIG, part.yaml)
        for path, text in part.command.files.items():
            journal.write(path.name, text)
        outcome = _Followed(part, journal, following).until_end()
    except KeyboardInterrupt:
        end(journal, State.INTERRUPTED, "interrupted")
        raise
    except BaseException as error:
        end(journal, State.FAILED, str(error))
        raise
    state = State.FINISHED if outcome.trained else State.FAILED
    message = "" if outcome.trained else "not every rank trained to the end"
    end(journal, state, message, outcome.exit_status)
    return outcome


class _Followed:
    """The processes of one run; owns them, their log, and the thread that watches for silence."""

    def __init__(self, part: Part, journal: Journal, following: Following) -> None:
        self.part = part
        self.journal = journal
        self.following = following
        self.over = threading.Event()
        self.stuck = False
        self.heard = time.monotonic()

    def until_end(self) -> Outcome:
        """Start the launcher, follow it, and return how it ended; KeyboardInterrupt if stopped."""
        with Process(self.part.command.launch) as process:
            self.journal.say(State.RUNNING, **self.journal.of_process(process.pid))
            watcher = threading.Thread(target=self._watch, args=(process,), daemon=True)
            watcher.start()
            try:
                if self.following.on_start is not None:
                    self.following.on_start(self.part.which, process)
                self._follow(process)
                status = process.wait()
            finally:
                self.over.set()
                watcher.join()
        if self.following.stop.is_set():
            raise KeyboardInterrupt
        return Outcome(self.part, read_ranks(self.part.folder), status, self.stuck)

    def _follow(self, process: Process) -> None:
        log = self.part.folder / LOG
        try:
            with log.open("w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(f"{self.part.command.launch.command()}\n\n")
                for line in process.lines():
                    self.heard = time.monotonic()
                    file.write(f"{line}\n")
                    file.flush()
                    if self.following.on_line is not None:
                        self.following.on_line(self.part.which, line)
        except OSError as error:
            raise unwritable(error, log) from None

    def _watch(self, process: Process) -> None:
        """End the run once it has said nothing for too long."""
        sizes: tuple[int, ...] = ()
        while not self.over.wait(_POLL_SECONDS):
            now = tuple(self._size(rank) for rank in range(self.part.processes))
            if now != sizes:
                sizes, self.heard = now, time.monotonic()
            if time.monotonic() - self.heard > self._patience():
                self.stuck = True
                process.end()
                return

    def _size(self, rank: int) -> int:
        try:
            return file_of(self.part.folder, rank).stat().st_size
        except OSError:
            return 0

    def _patience(self) -> float:
        ranks = read_ranks(self.part.folder)
        if len(ranks) < self.part.processes or not all(rank.steps for rank in ranks):
            return self.following.silence
        trained = all(rank.ended for rank in ranks)
        return self.following.linger if trained else self.following.step
