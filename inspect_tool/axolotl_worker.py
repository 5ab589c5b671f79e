"""The one process that imports axolotl, torch and transformers; everything else asks it.

Those take seconds to import, print banners and hold global state, so they live in a child: started
on first use, its output in a log, its own process group, ended with its owner whatever happens to
the owner. Tasks are plain functions of ``axolotl_tasks``; results are small frozen values.
"""

from __future__ import annotations

import os
import threading
import weakref
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple

from inspect_tool.errors import InspectError, RunFailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from concurrent.futures import Future, ProcessPoolExecutor
    from multiprocessing.process import BaseProcess
    from types import TracebackType
    from typing import Self

Args = TypeVarTuple("Args")
T = TypeVar("T")

ENVIRONMENT = {
    "AXOLOTL_DO_NOT_TRACK": "1",
    "DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "CUDA_VISIBLE_DEVICES": "",
    "WANDB_MODE": "disabled",
    "AXOLOTL_TEE_STDOUT": "0",
}
"""What the worker sets before it imports anything. It only reads configs, tokenizers and text, so
it takes no GPU memory from a training run beside it. Closing axolotl's debug log hangs while its
tee is installed (utils/tee.py: the tee's finalizer flushes under the lock that is held)."""

KEPT_LOGS = 8
"""Logs of earlier workers that stay for reading."""


_REAP_SECONDS = 5.0
"""How long a killed process may take to be gone."""


class WorkerError(RunFailedError):
    """The worker, or a task in it, failed; the message says why and names the log."""


class WorkerClosedError(WorkerError):
    """The worker was closed while the task was waiting or running."""


def default_log() -> Path:
    """Return the log of this process's worker, in the user's log folder."""
    import platformdirs

    folder = platformdirs.user_log_path("inspect-tool")
    return folder / f"axolotl-worker-{os.getpid()}.log"


class AxolotlWorker:
    """A process that runs tasks one after the other, started by the first and restarted if it died.

    Safe to use from several threads. A context manager: nothing of it survives ``close``, and
    nothing survives its owner, however the owner ends.
    """

    def __init__(self, *, log: Path | None = None, env: Mapping[str, str] | None = None) -> None:
        self.log = log or default_log()
        self._env = {**ENVIRONMENT, **(env or {})}
        self._lock = threading.Lock()
        self._pool: ProcessPoolExecutor | None = None
        self._process: BaseProcess | None = None
        self._buried: BaseProcess | None = None
        self._scratch: str | None = None
        self._closed = False
        self._waiting: weakref.WeakSet[Future[Any]] = weakref.WeakSet()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """The worker's process id while it runs."""
        process = self._process
        return process.pid if process is not None and process.is_alive() else None

    def submit(self, task: Callable[[*Args], T], *args: *Args) -> Future[T]:
        """Queue ``task``, a module-level function, and return its future at once.

        The future raises the InspectError that the task raised, or WorkerError for anything else.
        Cancelling it before the task begins takes it out of the queue.
        """
        from concurrent.futures import Future

        outer: Future[T] = Future()
        inner = self._hand_over(task, args)
        self._waiting.add(outer)
        outer.add_done_callback(lambda done: inner.cancel() if done.cancelled() else None)
        inner.add_done_callback(lambda done: self._settle(outer, done))
        return outer

    def call(self, task: Callable[[*Args], T], *args: *Args, timeout: float | None = None) -> T:
        """Run ``task`` and return what it returns; after ``timeout`` seconds end the worker.

        A task cannot be interrupted in any other way; the next use starts a new worker.
        """
        future = self.submit(task, *args)
        try:
            return future.result(timeout)
        except TimeoutError:
            if future.done():
                raise
            self._end()
            raise WorkerError(
                f"{_name(task)} took longer than {timeout:g} s and was ended",
                place=self.log,
                fix="the log says what it was doing",
            ) from None

    def close(self) -> None:
        """End the worker and whatever it started, for good; tasks that wait or run fail."""
        self._closed = True
        self._end()

    def _hand_over(self, task: Callable[..., T], args: tuple[Any, ...]) -> Future[Any]:
        from concurrent.futures.process import BrokenProcessPool

        with self._lock:
            if self._closed:
                raise WorkerClosedError("the axolotl worker is closed", place=self.log)
            if self._pool is not None:
                try:
                    return self._pool.submit(_run, task, args)
                except BrokenProcessPool:
                    _end_pool(self._pool, self._process)
            with _interrupts_held(), _own_stderr():
                self._pool = self._start()
                future = self._pool.submit(_run, task, args)
            self._process = next(iter(self._pool._processes.values()))  # noqa: SLF001
            return future

    def _start(self) -> ProcessPoolExecutor:
        import multiprocessing
        import tempfile
        from concurrent.futures import ProcessPoolExecutor

        self.log = _writable(self.log)
        _prune(self.log.parent)
        if self._scratch is None:
            self._scratch = tempfile.mkdtemp(prefix="inspect-tool-worker-")
            weakref.finalize(self, _remove, self._scratch)
        return ProcessPoolExecutor(
            max_workers=1,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_begin,
            initargs=(os.fspath(self.log), self._env, self._scratch, os.getpid()),
        )

    def _end(self) -> None:
        with self._lock:
            pool, self._pool = self._pool, None
        for future in list(self._waiting):
            _fail(future, WorkerClosedError("the axolotl worker was ended", place=self.log))
        if pool is not None:
            _end_pool(pool, self._process)
            _remove(self._scratch)
            self._scratch = None

    def _settle(self, outer: Future[T], inner: Future[_Outcome]) -> None:
        """Hand the inner future's outcome to the caller's; runs in the pool's own thread."""
        from concurrent.futures import InvalidStateError

        if inner.cancelled():
            outer.cancel()
            return
        error = inner.exception()
        if error is not None:
            _fail(outer, self._unsent(error) if not _is_broken(error) else self._died())
            return
        value, failure = inner.result()
        if failure is not None:
            in_log = isinstance(failure, WorkerError) and not failure.place
            _fail(outer, _placed(failure, self.log) if in_log else failure)
        else:
            with suppress(InvalidStateError):
                outer.set_result(value)

    def _died(self) -> WorkerError:
        """Say that the worker died; called before it is reaped, while its group is still its."""
        process, how = self._process, ""
        if process is not None:
            if process is not self._buried:
                _kill_group(process.pid)
                process.join(_REAP_SECONDS)
                self._buried = process
            status = process.exitcode or 0
            how = f" of signal {-status}" if status < 0 else f" with status {status}"
        return WorkerError(
            f"the axolotl worker died{how}",
            place=self.log,
            fix="the log's end says why; the next use starts a new one",
        )

    def _unsent(self, error: BaseException) -> WorkerError:
        return WorkerError(
            f"the axolotl worker could not exchange a value ({error})", place=self.log
        )


_Outcome = tuple[Any, InspectError | None]
"""What a task returned, or the error that it raised."""


def _is_broken(error: BaseException) -> bool:
    from concurrent.futures.process import BrokenProcessPool

    return isinstance(error, BrokenProcessPool)


def _placed(error: InspectError, log: Path) -> InspectError:
    return type(error)(error.message, place=log, fix=error.fix)


def _fail(future: Future[Any], error: InspectError) -> None:
    from concurrent.futures import InvalidStateError

    with suppress(InvalidStateError):
        future.set_exception(error)


def _name(task: Callable[..., object]) -> str:
    return str(getattr(task, "__name__", task)).replace("_", " ")


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Let a process started in here be born deaf to Ctrl-C, which is the owner's to handle."""
    import signal

    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _own_stderr() -> Iterator[None]:
    """Give multiprocessing the process's own stderr to pass on.

    A Textual app puts an object without a descriptor in its place, and nothing can be spawned then.
    """
    import sys
    from contextlib import redirect_stderr

    with redirect_stderr(sys.__stderr__ or sys.stderr):
        yield


def _end_pool(pool: ProcessPoolExecutor, process: BaseProcess | None) -> None:
    """End the pool's process and its group at once; it holds nothing worth a farewell."""
    if process is not None and process.exitcode is None:
        _kill_group(process.pid)
    pool.shutdown(wait=True, cancel_futures=True)


def _kill_group(pid: int | None) -> None:
    import signal

    if pid is None:
        return
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def _writable(log: Path) -> Path:
    """Make the log's folder, or take the temporary one where that cannot be."""
    import tempfile

    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.touch(mode=0o600)
    except OSError:
        descriptor, elsewhere = tempfile.mkstemp(prefix="axolotl-worker-", suffix=".log")
        os.close(descriptor)
        return Path(elsewhere)
    return log


def _prune(folder: Path) -> None:
    with suppress(OSError):
        logs = sorted(folder.glob("axolotl-worker-*.log"), key=lambda path: path.stat().st_mtime)
        for old in logs[:-KEPT_LOGS]:
            old.unlink(missing_ok=True)


def _remove(folder: str | None) -> None:
    import shutil

    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


def _begin(log: str, env: dict[str, str], scratch: str, owner: int) -> None:
    """Prepare the worker's process: its group, its output, its environment, its watch."""
    import faulthandler
    import signal
    import sys

    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    watch = threading.Thread(target=_end_with_owner, args=(owner, scratch), daemon=True)
    watch.start()
    os.environ.update(env, TMPDIR=scratch)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, number in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(source, number)
    sys.stdout = open(1, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    faulthandler.enable(file=sys.stderr)


def _end_with_owner(owner: int, scratch: str) -> None:
    """Wait for the owner's end and take the whole group along; polls, should the pipe be held."""
    import multiprocessing
    import signal
    from multiprocessing.connection import wait

    parent = multiprocessing.parent_process()
    sentinels = [parent.sentinel] if parent else []
    while not wait(sentinels, timeout=1.0) and os.getppid() == owner:
        pass
    _remove(scratch)
    os.killpg(0, signal.SIGKILL)


def _run(task: Callable[..., Any], args: tuple[Any, ...]) -> _Outcome:
    """Run one task in the worker; what it raises becomes one clear line, the rest goes to the log.

    Errors travel as values, because a pool would add its own rendered traceback to an exception.
    """
    import sys
    import traceback

    try:
        return task(*args), None
    except InspectError as error:
        return None, error
    except BaseException as error:
        print(f"\n=== {_name(task)} failed", file=sys.stderr)
        traceback.print_exc()
        sys.stderr.flush()
        return None, _explained(error)


def _explained(error: BaseException) -> WorkerError:
    if isinstance(error, ModuleNotFoundError) and (error.name or "").split(".")[0] in {
        "axolotl",
        "torch",
    }:
        return WorkerError(
            f"{error.name} is not installed here",
            fix="pip install 'axolotl-inspect[train]'",
        )
    said = str(error).strip() or type(error).__name__
    return WorkerError(said)
