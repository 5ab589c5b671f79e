"""Ports of this machine for the debugger: free ones, and whether one is really listened on."""

from __future__ import annotations

import errno
import random
import socket
from contextlib import closing, suppress

import psutil

from inspect_tool.errors import InspectError

HOST = "127.0.0.1"
"""Whoever reaches a debugger's port can run any code: no other machine may."""

OWN_PORTS = range(20_000, 30_000)
"""Where free ports are looked for: below those that systems hand out themselves (32768 on, on
Linux), so that nobody is given one between the choice and the time when it is listened on."""


def choose_port(wanted: int, *, option: str = "--port") -> int:
    """Return ``wanted``, or a free port for 0; raises InspectError if another process has it."""
    if not 0 <= wanted <= 65535:
        raise InspectError(f"{option} {wanted}: no such port", fix="0 takes a free one")
    if wanted == 0:
        for port in random.SystemRandom().sample(OWN_PORTS, 100):
            with suppress(InspectError):
                return _bound(port, option)
    return _bound(wanted, option)


def _bound(wanted: int, option: str) -> int:
    """Return the port that could be bound, the system's choice for 0."""
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, wanted))
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            said = "is in use" if taken else f"cannot be listened on ({error.strerror})"
            raise InspectError(
                f"port {wanted} {said}", fix=f"{option} 0 takes a free one"
            ) from None
        return int(probe.getsockname()[1])


def debugger_at(port: int) -> bool:
    """Tell whether a debugger of this user's listens on ``port`` of this machine."""
    with suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            here = connection.laddr and connection.laddr.port == port
            if here and connection.status == psutil.CONN_LISTEN and connection.pid:
                return any("debugpy" in part for part in psutil.Process(connection.pid).cmdline())
    return False


def listens(pid: int, port: int) -> bool:
    """Tell whether a process at or below ``pid`` listens on ``port``.

    Looked up, not tried: debugpy takes a connection for a client that has come and gone.
    """
    with suppress(psutil.Error):
        root = psutil.Process(pid)
        return any(port in listened(process) for process in [root, *root.children(recursive=True)])
    return False


def listened(process: psutil.Process) -> dict[int, str]:
    """Return the ports that a process listens on, with their addresses."""
    found: dict[int, str] = {}
    with suppress(psutil.Error):
        for connection in process.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr:
                found[connection.laddr.port] = connection.laddr.ip
    return found
