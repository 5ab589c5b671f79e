"""A small client of the Debug Adapter Protocol, as editors have one: requests, events, frames.

``DapClient`` speaks to the `python -m debugpy.adapter` that a listening debugpy starts, over its
port; ``Conversation`` is what every client has, whatever it speaks through.
"""

from __future__ import annotations

import itertools
import json
import queue
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, Self, cast

from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType


class Frame(NamedTuple):
    """Where a debugger has stopped: file, 1-based line, function, and the frame's id."""

    file: str
    line: int
    function: str
    id: int


class Conversation:
    """Requests, their answers, and events, over two streams of bytes."""

    def __init__(self, incoming: BinaryIO, outgoing: Callable[[bytes], object]) -> None:
        self._file = incoming
        self._write = outgoing
        self._numbers = itertools.count(1)
        self._responses: dict[int, queue.Queue[dict[str, Any]]] = {}
        self._events: queue.Queue[dict[str, Any]] = queue.Queue()
        self.thread = 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def start(
        self,
        request: str,
        arguments: dict[str, Any],
        *,
        breakpoints: dict[str, list[int]] | None = None,
        exceptions: tuple[str, ...] = (),
    ) -> None:
        """Launch or attach, set breakpoints, and let the program run."""
        started = self.send(request, **arguments)
        self.event("initialized")
        for file, lines in (breakpoints or {}).items():
            wanted = [{"line": line} for line in lines]
            self.request("setBreakpoints", source={"path": file}, breakpoints=wanted)
        self.request("setExceptionBreakpoints", filters=list(exceptions))
        self.request("configurationDone")
        self.answer(started)

    def stopped(self) -> Frame:
        """Wait until the program stops, and say where."""
        event = self.event("stopped", "terminated")
        assert event["event"] == "stopped", "the program ended without a stop"
        return self.frame(event)

    def frame(self, event: dict[str, Any]) -> Frame:
        """Return where a stop is; the thread that stopped is the one that goes on."""
        self.thread = event["body"]["threadId"]
        stack = self.request("stackTrace", threadId=self.thread, levels=1)
        top = stack["stackFrames"][0]
        return Frame(top["source"]["path"], top["line"], top["name"], top["id"])

    def evaluate(self, expression: str, frame: Frame) -> str:
        """Return what an expression is in a frame, as the debugger writes it."""
        found = self.request("evaluate", expression=expression, frameId=frame.id)
        return str(found["result"])

    def go_on(self) -> None:
        """Let the program run on from where it stopped."""
        self.request("continue", threadId=self.thread)

    def ended(self) -> None:
        """Wait until the program has ended; stops on the way fail."""
        event = self.event("stopped", "terminated")
        assert event["event"] == "terminated", "the program stopped again"

    def request(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Send a request and return the body of its answer; a refusal fails."""
        return self.answer(self.send(command, **arguments))

    def send(self, command: str, **arguments: Any) -> int:
        """Send a request and return its number."""
        number = next(self._numbers)
        self._responses[number] = queue.Queue()
        message = {"seq": number, "type": "request", "command": command, "arguments": arguments}
        self._send(message)
        return number

    def answer(self, number: int) -> dict[str, Any]:
        """Wait for the answer to a request and return its body."""
        response = self._responses[number].get(timeout=PATIENCE)
        assert response["success"], response.get("message")
        body: dict[str, Any] = response.get("body") or {}
        return body

    def event(self, *names: str) -> dict[str, Any]:
        """Wait for the next event of these names; others are passed over."""
        while True:
            event = self._events.get(timeout=PATIENCE)
            if event["event"] in names:
                return event

    def asked(self, command: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Answer a request of the adapter's; none is taken here."""
        raise AssertionError(f"the adapter asks for {command}: {arguments}")

    def _send(self, message: dict[str, Any]) -> None:
        data = json.dumps(message).encode()
        self._write(b"Content-Length: %d\r\n\r\n%s" % (len(data), data))

    def _read(self) -> None:
        with suppress(OSError, ValueError):
            while header := self._file.readline():
                length = int(header.partition(b":")[2])
                self._file.readline()
                message = json.loads(self._file.read(length))
                if message["type"] == "response":
                    self._responses[message["request_seq"]].put(message)
                elif message["type"] == "event":
                    self._events.put(message)
                else:
                    self._reply(message)
        self._events.put({"event": "terminated"})

    def _reply(self, message: dict[str, Any]) -> None:
        body = self.asked(message["command"], message["arguments"])
        number = next(self._numbers)
        kept = {"seq": number, "type": "response", "request_seq": message["seq"]}
        self._send({**kept, "command": message["command"], "success": True, "body": body})


class DapClient(Conversation):
    """One debug session; a context manager that lets the debuggee go on when it is left."""

    def __init__(self, port: int, *, host: str = "127.0.0.1") -> None:
        self._socket = socket.create_connection((host, port), timeout=PATIENCE)
        self._socket.settimeout(None)
        super().__init__(cast("BinaryIO", self._socket.makefile("rb")), self._socket.sendall)
        self.request("initialize", adapterID="debugpy", clientID="tests", pathFormat="path")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with suppress(OSError, AssertionError):
            self.send("disconnect", terminateDebuggee=False)
        self._socket.close()

    def attach(self, *, breakpoints: dict[str, list[int]] | None = None) -> None:
        """Attach to what listens, set breakpoints, and let the program run."""
        self.start("attach", {"justMyCode": False, "subProcess": False}, breakpoints=breakpoints)
