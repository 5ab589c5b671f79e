"""The small process between an owner and its child; it outlives the owner by seconds only.

``python guard.py CONTROL_FD OWNER INTERRUPT_SECONDS TERMINATE_SECONDS ARGV...`` runs ARGV in a
process group of its own. Bytes on the control pipe are requests; its end, which the kernel brings
about when the owner closes it or dies, means: end everything. On Linux it adopts orphans, so that
what left the process group is found too. Standard library only, for it starts before every run.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

INTERRUPT = b"i"
"""Request: pass a SIGINT on to the child and go on waiting."""

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_POLL_SECONDS = 0.05
_LINGER_SECONDS = 1.0
"""How long helpers of an ended child, such as a resource tracker, may take to follow it."""
_CANNOT_RUN = 127


def argv(
    command: tuple[str, ...], *, control: int, patience: tuple[float, float]
) -> tuple[str, ...]:
    """Return the argv that runs ``command`` under a guard that reads the descriptor ``control``."""
    seconds = (f"{patience[0]:g}", f"{patience[1]:g}")
    interpreter = (sys.executable, "-I", "-S", __file__)
    return (*interpreter, str(control), str(os.getpid()), *seconds, *command)


def main() -> None:
    """Run the child, watch, end everything, and end as the child ended."""
    control, owner = int(sys.argv[1]), int(sys.argv[2])
    patience = (float(sys.argv[3]), float(sys.argv[4]))
    wake, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, _only_wake)
    _process_control(_PR_SET_CHILD_SUBREAPER, 1)
    try:
        child = subprocess.Popen(
            sys.argv[5:],
            process_group=0,
            preexec_fn=_end_with_guard,  # noqa: PLW1509  # this process has one thread
        )
    except OSError as error:
        print(f"{sys.argv[5]}: cannot be started ({error.strerror})", file=sys.stderr)
        sys.exit(_CANNOT_RUN)
    asked = _watch(child, control=control, wake=wake, owner=owner)
    _end_everything(child, patience=patience if asked else (0.0, 0.0))
    _end_as(child.wait())


def _only_wake(number: int, frame: object) -> None:
    """Handle a signal by waking the loop; unlike an ignored one it is not inherited."""


def _process_control(option: int, value: int) -> None:
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _end_with_guard() -> None:
    _process_control(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _watch(child: subprocess.Popen[bytes], *, control: int, wake: int, owner: int) -> bool:
    """Wait until the child ended (False) or the owner asks for its end or is gone (True)."""
    while child.poll() is None:
        ready, _, _ = select.select([control, wake], [], [], 1.0)
        if wake in ready:
            os.read(wake, 512)
        if control in ready:
            requests = os.read(control, 512)
            if not requests:
                return True
            if INTERRUPT in requests:
                _signal_group(child.pid, signal.SIGINT)
        if os.getppid() != owner:
            return True
    return False


def _end_everything(child: subprocess.Popen[bytes], *, patience: tuple[float, float]) -> None:
    """Signal the child's group, then kill whatever is left below this process."""
    for number, seconds in zip((signal.SIGINT, signal.SIGTERM), patience, strict=True):
        if child.poll() is None and seconds:
            _signal_group(child.pid, number)
            _wait(child, seconds)
    deadline = time.monotonic() + (_LINGER_SECONDS if child.poll() is not None else 0.0)
    while _descendants(os.getpid()) and time.monotonic() < deadline:
        _reap(child)
        time.sleep(_POLL_SECONDS)
    while True:
        _signal_group(child.pid, signal.SIGKILL)
        left = _descendants(os.getpid())
        for pid in left:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        _reap(child)
        if not left and child.poll() is not None:
            return
        time.sleep(_POLL_SECONDS)


def _wait(child: subprocess.Popen[bytes], seconds: float) -> None:
    with suppress(subprocess.TimeoutExpired):
        child.wait(seconds)


def _signal_group(group: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _reap(child: subprocess.Popen[bytes]) -> None:
    """Collect adopted children; the child itself is left to its Popen."""
    for pid in _children(os.getpid()):
        if pid != child.pid:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


def _descendants(root: int) -> list[int]:
    """List the live processes below ``root``, nearest first; Linux only, empty elsewhere."""
    found = []
    queue = _children(root)
    while queue:
        pid = queue.pop(0)
        if _state(pid) != "Z":
            found.append(pid)
        queue += _children(pid)
    return found


def _children(pid: int) -> list[int]:
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return []
    found = []
    for task in tasks:
        with suppress(OSError):
            found += [int(word) for word in (task / "children").read_text("ascii").split()]
    return found


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return "Z"


def _end_as(status: int) -> None:
    """End with the child's exit status, or of the signal that ended it."""
    sys.stdout.flush()
    if status < 0:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with suppress(OSError, ValueError):
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
        signal.pause()
    sys.exit(status)


if __name__ == "__main__":
    main()
