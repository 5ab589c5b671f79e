"""`python -m debugpy.adapter` over its stdin and stdout, as an editor starts it for a session.

A terminal that the adapter asks for is a pseudo-terminal; child processes that it reports are
followed by sessions of their own, as VS Code does, or left alone, as plainer clients do.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, BinaryIO, Self, cast

import pexpect
import psutil

from tests.dap import Conversation, DapClient
from tests.processes import environment
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from types import TracebackType


class Adapter(Conversation):
    """One session with an adapter of its own; a context manager that ends all that it started."""

    def __init__(self, *, follows: bool = False) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "debugpy.adapter"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(None),
            start_new_session=True,
        )
        self.follows = follows
        self.children: list[DapClient] = []
        self.terminal: pexpect.spawn[bytes] | None = None
        self.debuggee: int | None = None
        self.written: list[str] = []
        assert self.process.stdout is not None
        super().__init__(cast("BinaryIO", self.process.stdout), self._to_adapter)
        self.request(
            "initialize",
            adapterID="debugpy",
            clientID="tests",
            pathFormat="path",
            supportsRunInTerminalRequest=True,
            supportsStartDebuggingRequest=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for child in self.children:
            child.__exit__(None, None, None)
        with suppress(OSError):
            self.send("disconnect", terminateDebuggee=True)
        for pid in (self.debuggee, self.process.pid):
            with suppress(ProcessLookupError, TypeError):
                os.killpg(cast("int", pid), signal.SIGKILL)
        if self.terminal is not None:
            self.terminal.close(force=True)
        self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)

    @property
    def output(self) -> str:
        """Everything that the program printed, where the adapter passes it on."""
        return "".join(self.written)

    def event(self, *names: str) -> dict[str, Any]:
        """Wait for the next event of these names; children are followed on the way."""
        while True:
            event = super().event(*names, "output", "process", "debugpyAttach")
            body = event.get("body", {})
            match event["event"]:
                case "output" if body.get("category") in {"stdout", "stderr"}:
                    self.written.append(body["output"])
                case "process":
                    self.debuggee = body["systemProcessId"]
                case "debugpyAttach" if self.follows:
                    self._follow(body)
            if event["event"] in names:
                return event

    def end_debuggee(self) -> list[int]:
        """End the program with kill -9 and return the ids of all that it had started."""
        assert self.debuggee is not None
        program = psutil.Process(self.debuggee)
        pids = [program.pid, *(child.pid for child in program.children(recursive=True))]
        program.kill()
        return pids

    def exit_status(self) -> int:
        """Wait for the program's end and return its exit status."""
        return int(self.event("exited")["body"]["exitCode"])

    def asked(self, command: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Give the adapter the terminal that it asks for."""
        assert command == "runInTerminal", command
        words = arguments["args"]
        self.terminal = pexpect.spawn(
            words[0],
            words[1:],
            cwd=arguments.get("cwd"),
            env=environment({"TERM": "xterm-256color", **(arguments.get("env") or {})}),
            dimensions=(40, 120),
            encoding=None,
        )
        return {"shellProcessId": self.terminal.pid}

    def _to_adapter(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def _follow(self, body: dict[str, Any]) -> None:
        connect = body["connect"]
        child = DapClient(connect["port"], host=connect["host"])
        child.start("attach", body)
        self.children.append(child)
