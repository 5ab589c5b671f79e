"""Launch: a value that says what is run. Process: one that runs and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from inspect_tool.errors import RunFailedError
from inspect_tool.runs.launch import Launch, Process, python
from tests.waiting import PATIENCE, alive, number_in, until, until_gone

ROOT = Path(__file__).resolve().parent.parent.parent

FOREVER = "import threading; threading.Event().wait()"
WAITING = f"try:\n    print('up', flush=True)\n    {FOREVER}\n"
"""Says that it is up once an interruption would be handled."""
STUBBORN = f"""
import os, signal
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)
print(os.getpid(), flush=True)
{FOREVER}
"""
FAMILY = f"""
import os, subprocess, sys
own = subprocess.Popen([sys.executable, "-c", {FOREVER!r}])
away = subprocess.Popen([sys.executable, "-c", {FOREVER!r}], start_new_session=True)
print(os.getpid(), own.pid, away.pid, flush=True)
"""
OWNER = """
import sys
from pathlib import Path
from inspect_tool.runs.launch import Launch, Process, python

process = Process(Launch(python("-c", sys.argv[2]), Path(sys.argv[1])))
pids = next(process.lines())
(Path(sys.argv[1]) / "pids").write_text(f"{process.pid} {pids}")
(Path(sys.argv[1]) / "ready").write_text("1\\n")
sys.stdin.read()
"""


def code(text: str, *, cwd: Path, env: dict[str, str | None] | None = None) -> Launch:
    """Return a launch of a Python child."""
    return Launch(python("-c", text), cwd, env or {})


def test_output_comes_line_by_line(tmp_path: Path) -> None:
    """Output and errors arrive merged, without line ends, in the order written."""
    text = "import sys; print('one', flush=True); print('two', file=sys.stderr)"
    with Process(code(text, cwd=tmp_path)) as process:
        assert list(process.lines()) == ["one", "two"]


def test_a_progress_bar_comes_in_lines(tmp_path: Path) -> None:
    """A carriage return ends a line, so that progress is seen while it is made."""
    with Process(code(r"print('10%\r20%\r30%')", cwd=tmp_path)) as process:
        assert list(process.lines()) == ["10%", "20%", "30%"]


def test_bytes_that_are_no_text_do_no_harm(tmp_path: Path) -> None:
    """Output that is not UTF-8 is replaced, not raised."""
    text = r"import sys; sys.stdout.buffer.write(b'a\xffb\n')"
    with Process(code(text, cwd=tmp_path)) as process:
        assert list(process.lines()) == ["a\ufffdb"]


@pytest.mark.parametrize("status", [0, 3, 255])
def test_the_exit_status_is_the_childs(tmp_path: Path, status: int) -> None:
    """The process ends with the status that the child ended with."""
    with Process(code(f"raise SystemExit({status})", cwd=tmp_path)) as process:
        assert process.wait() == status


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
def test_a_signal_is_told(tmp_path: Path, number: signal.Signals) -> None:
    """A child that a signal ended has its negative number as status, as in subprocess."""
    text = f"import os; os.kill(os.getpid(), {number.value})"
    with Process(code(text, cwd=tmp_path)) as process:
        assert process.wait() == -number


def test_folder_and_variables_are_the_launchs(tmp_path: Path) -> None:
    """The child runs in cwd, with the variables set and those of value None removed."""
    text = "import os; print(os.getcwd(), os.environ['ADDED'], 'HOME' in os.environ)"
    launch = code(text, cwd=tmp_path, env={"ADDED": "yes", "HOME": None})
    with Process(launch) as process:
        assert list(process.lines()) == [f"{tmp_path} yes False"]


def test_there_is_nothing_to_read(tmp_path: Path) -> None:
    """A child that asks for input gets none."""
    with Process(code("print(repr(input()))", cwd=tmp_path)) as process:
        assert list(process.lines())[-1] == "EOFError: EOF when reading a line"


def test_signals_work_in_the_child_as_usual(tmp_path: Path) -> None:
    """The child handles Ctrl-C as Python does; the guard's own handling is not inherited."""
    text = f"{WAITING}except KeyboardInterrupt:\n    print('^C')"
    with Process(code(text, cwd=tmp_path)) as process:
        lines = process.lines()
        assert next(lines) == "up"
        process.interrupt()
        assert (list(lines), process.wait()) == (["^C"], 0)


def test_ending_asks_before_it_kills(tmp_path: Path) -> None:
    """A child that cleans up at SIGINT is given the time for it."""
    text = f"{WAITING}finally:\n    open('cleaned', 'w').close()"
    with Process(code(text, cwd=tmp_path), interrupt_seconds=PATIENCE) as process:
        next(process.lines())

    assert (tmp_path / "cleaned").exists()


def test_a_child_deaf_to_signals_is_killed(tmp_path: Path) -> None:
    """SIGKILL ends what ignores SIGINT and SIGTERM."""
    launch = code(STUBBORN, cwd=tmp_path)
    with Process(launch, interrupt_seconds=0.05, terminate_seconds=0.05) as process:
        pid = int(next(process.lines()))

    assert (process.returncode, alive(pid)) == (-signal.SIGKILL, False)


def test_everything_below_the_child_ends(tmp_path: Path) -> None:
    """Grandchildren end too, also those that left the process group, as torchrun's do."""
    with Process(code(f"{FAMILY}\n{FOREVER}", cwd=tmp_path)) as process:
        pids = [int(word) for word in next(process.lines()).split()]

    until_gone(*pids)


def test_what_the_child_leaves_behind_ends(tmp_path: Path) -> None:
    """A child that ends by itself takes along what it had started."""
    with Process(code(FAMILY, cwd=tmp_path)) as process:
        pids = [int(word) for word in next(process.lines()).split()]
        assert process.wait() == 0

    until_gone(*pids)


def test_nothing_outlives_a_killed_owner(tmp_path: Path) -> None:
    """After kill -9 of the owner neither the child nor anything below it runs."""
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path), f"{FAMILY}\n{FOREVER}"],
        stdin=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        number_in(tmp_path / "ready")
        pids = [int(word) for word in (tmp_path / "pids").read_text().split()]
        assert all(map(alive, pids))
    finally:
        owner.kill()
        owner.communicate()

    until_gone(*pids)


def test_a_killed_guard_takes_the_child_along(tmp_path: Path) -> None:
    """The child does not run on without its guard."""
    if sys.platform != "linux":
        pytest.skip("the kernel's parent-death signal is Linux's")
    with Process(code(STUBBORN, cwd=tmp_path)) as process:
        pid = int(next(process.lines()))
        psutil.Process(process.pid).kill()

        until_gone(pid)


def test_waiting_has_an_end(tmp_path: Path) -> None:
    """wait() with a timeout raises TimeoutError and leaves the child running."""
    with Process(code(FOREVER, cwd=tmp_path)) as process:
        with pytest.raises(TimeoutError):
            process.wait(0.01)
        assert process.returncode is None


def test_ending_twice_is_fine(tmp_path: Path) -> None:
    """end() after the end changes nothing."""
    process = Process(code(FOREVER, cwd=tmp_path))
    process.end()
    status = process.returncode

    process.end()

    assert process.returncode == status is not None


def test_a_program_that_is_not_there_says_so(tmp_path: Path) -> None:
    """What cannot be started ends with the shell's status and a line that names it."""
    with Process(Launch(("no-such-program",), tmp_path)) as process:
        assert list(process.lines()) == [
            "no-such-program: cannot be started (No such file or directory)"
        ]
        assert process.wait() == 127


def test_a_folder_that_is_not_there_says_so(tmp_path: Path) -> None:
    """A cwd that does not exist is an error that names it."""
    with pytest.raises(RunFailedError, match="absent"):
        Process(code("pass", cwd=tmp_path / "absent"))


def test_a_reader_in_another_thread_ends_with_the_child(tmp_path: Path) -> None:
    """lines() in one thread ends when another thread ends the process."""
    import threading

    process = Process(code(f"print('up', flush=True)\n{FOREVER}", cwd=tmp_path))
    seen: list[str] = []
    reader = threading.Thread(target=lambda: seen.extend(process.lines()))
    reader.start()
    until(lambda: psutil.Process(process.pid).children(), "the child below its guard")

    process.end()
    reader.join(PATIENCE)

    assert not reader.is_alive()


def test_the_command_can_be_pasted(tmp_path: Path) -> None:
    """command() is a shell line that runs the same program with the same variables."""
    text = "import os; print(os.environ['A B'[:1]], os.getcwd(), 'HOME' in os.environ)"
    launch = code(text, cwd=tmp_path, env={"A": "it's", "HOME": None})

    shown = subprocess.run(
        ["/bin/sh", "-c", launch.command()], capture_output=True, text=True, check=True
    )

    assert shown.stdout == f"it's {tmp_path} False\n"
