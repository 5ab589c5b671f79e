"""The worker: one child, its output in a log, clear errors, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from inspect_tool.axolotl_worker import AxolotlWorker, WorkerClosedError, WorkerError
from inspect_tool.errors import ExitCode, InspectError
from tests.waiting import alive, number_in, until, until_gone
from tests.worker_tasks import (
    add,
    chatter,
    die,
    hang,
    import_absent_axolotl,
    leave,
    process_id,
    read_input,
    refuse,
    start_sleeper,
    stumble,
    variable,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent

OWNER = """
import sys, time
from pathlib import Path
from inspect_tool.axolotl_worker import AxolotlWorker
from tests.worker_tasks import start_sleeper

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    worker = AxolotlWorker(log=folder / "worker.log")
    worker.call(start_sleeper, folder / "sleeper")
    (folder / "worker").write_text(f"{worker.pid}\\n")
    sys.stdin.read()
"""


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[AxolotlWorker]:
    """A worker with a log of its own."""
    with AxolotlWorker(log=tmp_path / "logs" / "worker.log") as started:
        yield started


def test_work_is_done_in_another_process(worker: AxolotlWorker) -> None:
    """A task runs in the worker's process, not in its owner's."""
    assert worker.call(process_id) == worker.pid != os.getpid()


def test_nothing_starts_before_it_is_needed(worker: AxolotlWorker) -> None:
    """A worker that was given no task has no process."""
    assert worker.pid is None


def test_one_process_serves_all_tasks(worker: AxolotlWorker) -> None:
    """Tasks share the process, so that heavy imports happen once."""
    assert len({worker.call(process_id) for _ in range(3)}) == 1


def test_futures_keep_their_order(worker: AxolotlWorker) -> None:
    """Each future gets its own task's result."""
    futures = [worker.submit(add, number, 1) for number in range(5)]

    assert [future.result() for future in futures] == [1, 2, 3, 4, 5]


def test_an_error_of_ours_arrives_whole(worker: AxolotlWorker) -> None:
    """An InspectError keeps its message, place and fix across the process boundary."""
    with pytest.raises(InspectError) as raised:
        worker.call(refuse)

    assert str(raised.value) == "config.yml:3: seven is not a model (name a model)"


def test_another_error_says_its_message_only(worker: AxolotlWorker) -> None:
    """What axolotl raises reaches a person as its message and the name of the log."""
    with pytest.raises(WorkerError) as raised:
        worker.call(stumble)

    assert str(raised.value) == f"{worker.log}: `type: sharegpt` is deprecated"
    assert raised.value.__cause__ is None


def test_the_traceback_is_in_the_log(worker: AxolotlWorker) -> None:
    """The log has the traceback that the message leaves out."""
    with pytest.raises(WorkerError):
        worker.call(stumble)

    assert 'raise ValueError("`type: sharegpt` is deprecated")' in worker.log.read_text()


def test_a_missing_axolotl_names_the_extra(worker: AxolotlWorker) -> None:
    """Without axolotl the error says what to install."""
    with pytest.raises(WorkerError, match=r"axolotl-inspect\[train\]"):
        worker.call(import_absent_axolotl)


def test_a_failure_has_the_exit_code_of_one(worker: AxolotlWorker) -> None:
    """Commands end with status 3 when the worker fails."""
    with pytest.raises(WorkerError) as raised:
        worker.call(stumble)

    assert raised.value.exit_code is ExitCode.FAILED


def test_death_is_told_with_the_log(worker: AxolotlWorker) -> None:
    """A worker that is killed says of what, and where to read on."""
    with pytest.raises(WorkerError, match=r"worker\.log.* died of signal 9"):
        worker.call(die, signal.SIGKILL)


def test_an_exit_is_told_with_its_status(worker: AxolotlWorker) -> None:
    """A worker that ends by itself says with which status."""
    with pytest.raises(WorkerError, match="died with status 7"):
        worker.call(leave, 7)


def test_the_next_use_starts_it_again(worker: AxolotlWorker) -> None:
    """After a death the next task runs in a new process."""
    with pytest.raises(WorkerError):
        worker.call(die, signal.SIGKILL)

    assert worker.call(add, 2, 3) == 5


def test_a_crash_in_native_code_is_in_the_log(worker: AxolotlWorker) -> None:
    """A segmentation fault leaves its Python stack in the log."""
    with pytest.raises(WorkerError):
        worker.call(die, signal.SIGSEGV)

    assert "Segmentation fault" in worker.log.read_text()


def test_output_goes_to_the_log(worker: AxolotlWorker, capfd: pytest.CaptureFixture[str]) -> None:
    """Nothing that a task prints, from Python or C, reaches the owner's terminal."""
    worker.call(chatter)

    log = worker.log.read_text()
    assert all(word in log for word in ("from print", "to stderr", "descriptor", "from C"))
    assert capfd.readouterr() == ("", "")


def test_there_is_nothing_to_read(worker: AxolotlWorker) -> None:
    """A task that asks for input gets none, and does not wait for the terminal."""
    assert worker.call(read_input) == ""


def test_telemetry_is_off(worker: AxolotlWorker) -> None:
    """The worker's environment turns axolotl's telemetry off before anything is imported."""
    assert worker.call(variable, "AXOLOTL_DO_NOT_TRACK") == "1"


def test_the_owner_may_set_variables(tmp_path: Path) -> None:
    """Variables given at construction win over the worker's own."""
    with AxolotlWorker(log=tmp_path / "log", env={"CUDA_VISIBLE_DEVICES": "3"}) as worker:
        assert worker.call(variable, "CUDA_VISIBLE_DEVICES") == "3"


def test_a_task_over_its_time_is_ended(worker: AxolotlWorker, tmp_path: Path) -> None:
    """A timeout ends the process that is stuck, and says so."""
    stuck = worker.submit(hang, tmp_path / "stuck")
    pid = number_in(tmp_path / "stuck")

    with pytest.raises(WorkerError, match=r"hang took longer than 0\.1 s"):
        worker.call(hang, tmp_path / "second", timeout=0.1)

    until_gone(pid)
    assert isinstance(stuck.exception(), WorkerClosedError)


def test_work_goes_on_after_a_timeout(worker: AxolotlWorker, tmp_path: Path) -> None:
    """A timeout costs one task, not the session."""
    with pytest.raises(WorkerError):
        worker.call(hang, tmp_path / "stuck", timeout=0.1)

    assert worker.call(add, 1, 1) == 2


def test_a_waiting_task_can_be_cancelled(worker: AxolotlWorker, tmp_path: Path) -> None:
    """A task that is cancelled in the queue never runs."""
    worker.submit(hang, tmp_path / "first")
    number_in(tmp_path / "first")
    futures = [worker.submit(hang, tmp_path / name) for name in ("second", "third", "fourth")]

    assert futures[-1].cancel()
    worker.close()
    assert not (tmp_path / "fourth").exists()


def test_closing_fails_what_runs(worker: AxolotlWorker, tmp_path: Path) -> None:
    """Closing does not wait for a task; its future says that the worker was ended."""
    future = worker.submit(hang, tmp_path / "running")
    number_in(tmp_path / "running")

    worker.close()

    assert isinstance(future.exception(), WorkerClosedError)


def test_closing_is_for_good(worker: AxolotlWorker) -> None:
    """A task given after close(), by a thread that came late, starts no process."""
    worker.close()

    with pytest.raises(WorkerClosedError):
        worker.submit(add, 1, 1)
    assert worker.pid is None


def test_closing_leaves_no_process(worker: AxolotlWorker, tmp_path: Path) -> None:
    """Neither the worker nor what it started outlives close()."""
    worker.call(start_sleeper, tmp_path / "sleeper")
    pids = (worker.pid or 0, number_in(tmp_path / "sleeper"))

    worker.close()

    until_gone(*pids)


def test_closing_leaves_no_scratch_folder(worker: AxolotlWorker) -> None:
    """The worker's temporary files go with it."""
    scratch = worker.call(variable, "TMPDIR")
    assert scratch is not None
    assert Path(scratch).is_dir()

    worker.close()

    assert not Path(scratch).exists()


def test_death_takes_its_children_along(worker: AxolotlWorker, tmp_path: Path) -> None:
    """What a task had started ends when the worker is killed."""
    worker.call(start_sleeper, tmp_path / "sleeper")
    sleeper = number_in(tmp_path / "sleeper")

    with pytest.raises(WorkerError):
        worker.call(die, signal.SIGKILL)

    until_gone(sleeper)


def test_interrupts_are_the_owners(worker: AxolotlWorker) -> None:
    """Ctrl-C reaches the owner, who decides; the worker works on."""
    worker.call(die, signal.SIGINT)

    assert worker.call(add, 1, 2) == 3


def test_nothing_outlives_a_killed_owner(tmp_path: Path) -> None:
    """After kill -9 of the owner neither the worker nor its children run."""
    script = tmp_path / "owner.py"
    script.write_text(OWNER)
    owner = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path)],
        stdin=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        pids = number_in(tmp_path / "worker"), number_in(tmp_path / "sleeper")
        assert all(map(alive, pids))
    finally:
        owner.kill()
        owner.communicate()

    until_gone(*pids)


def test_a_log_that_cannot_be_written_is_put_elsewhere(tmp_path: Path) -> None:
    """Where the log's folder cannot be made, a temporary one takes the log."""
    (tmp_path / "file").touch()
    with AxolotlWorker(log=tmp_path / "file" / "worker.log") as worker:
        assert worker.call(add, 1, 1) == 2
        until(worker.log.is_file, "a log in the temporary folder")
    worker.log.unlink()


def test_importing_it_costs_nothing() -> None:
    """The module and its tasks pull in no heavy library and no process machinery."""
    code = (
        "import sys, inspect_tool.axolotl_worker, inspect_tool.axolotl_tasks;"
        "print(*sorted({name.split('.')[0] for name in sys.modules} & {'torch', 'transformers',"
        "'axolotl', 'datasets', 'numpy', 'pyarrow', 'textual', 'multiprocessing', 'concurrent'}))"
    )

    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert shown.stdout.split() == []


def test_the_entry_point_can_be_imported_by_the_worker() -> None:
    """A spawned child imports the owner's main module under another name: nothing happens."""
    code = "import runpy; runpy.run_module('inspect_tool.__main__', run_name='__mp_main__')"

    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert (shown.stdout, shown.stderr) == ("", "")
