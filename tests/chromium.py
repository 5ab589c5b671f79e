"""A real headless Chromium for tests, driven through a pipe; nothing listens on any port.

The DevTools protocol (https://chromedevtools.github.io/devtools-protocol) goes over file
descriptors 3 and 4 of the browser, messages ended by NUL.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)

KEY_CODES = {"Escape": 27, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowRight": 39}


class BrowserError(Exception):
    """The browser answered with an error, or not at all."""


def find_chromium() -> str | None:
    """The browser's path, None where there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Chromium:
    """One browser process and its profile, both gone at the end of the ``with`` block."""

    def __init__(self, executable: str) -> None:
        self._executable = executable
        self._next = 0
        self._buffer = b""
        self._context: str | None = None
        self._events: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        self._profile = tempfile.TemporaryDirectory(prefix="inspect-tool-chromium-")
        theirs_in, self._out = _pipe()
        self._in, theirs_out = _pipe()
        # The shell puts the pipes where Chromium looks for them; not every sh knows numbers over 9.
        script = f'exec "$0" "$@" 3<&{theirs_in} 4>&{theirs_out}'
        argv = [self._executable, *FLAGS, f"--user-data-dir={self._profile.name}", "about:blank"]
        self._process = subprocess.Popen(
            ["/usr/bin/env", "bash", "-c", script, *argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(theirs_in, theirs_out),
            start_new_session=True,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._in)
        os.close(self._out)
        with suppress(OSError):
            self._profile.cleanup()

    def page(self, *, width: int = 1200, height: int = 900) -> Page:
        """Open an empty page of the given size in CSS pixels; the page before it is gone."""
        if self._context is not None:
            self.call("Target.disposeBrowserContext", browserContextId=self._context)
            self._events.clear()
        self._context = context = self.call("Target.createBrowserContext")["browserContextId"]
        target = self.call("Target.createTarget", url="about:blank", browserContextId=context)
        attached = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        page = Page(self, attached["sessionId"])
        for domain in ("Page", "Runtime", "Log", "Network"):
            page.call(f"{domain}.enable")
        page.call("Page.bringToFront")  # a page behind another draws nothing
        page.call("Emulation.setFocusEmulationEnabled", enabled=True)
        page.resize(width, height)
        return page

    def call(self, method: str, *, session: str | None = None, **params: Any) -> dict[str, Any]:
        """Send one command and return its result."""
        self._next += 1
        number = self._next
        message = {"id": number, "method": method, "params": params}
        if session is not None:
            message["sessionId"] = session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read(time.monotonic() + PATIENCE, method)
            if answer.get("id") != number:
                self._events.append(answer)
            elif "error" in answer:
                raise BrowserError(f"{method}: {answer['error']}")
            else:
                result: dict[str, Any] = answer["result"]
                return result

    def events(self, session: str, method: str) -> list[dict[str, Any]]:
        """The parameters of every event of one kind that a page has sent so far."""
        return [
            event["params"]
            for event in self._events
            if event.get("sessionId") == session and event.get("method") == method
        ]

    def wait_for_event(self, session: str, method: str, count: int) -> None:
        """Return once a page has sent ``count`` events of one kind."""
        deadline = time.monotonic() + PATIENCE
        while len(self.events(session, method)) < count:
            self._events.append(self._read(deadline, method))

    def _read(self, deadline: float, waiting_for: str) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._in], [], [], left)[0]:
                raise BrowserError(f"no answer to {waiting_for} in {PATIENCE:.0f} s")
            data = os.read(self._in, 1 << 20)
            if not data:
                raise BrowserError(f"the browser ended while {waiting_for} was awaited")
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        return message


class Page:
    """One page of the browser."""

    def __init__(self, browser: Chromium, session: str) -> None:
        self._browser = browser
        self._session = session

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command of the DevTools protocol for this page."""
        return self._browser.call(method, session=self._session, **params)

    def events(self, method: str) -> list[dict[str, Any]]:
        """The parameters of every event of one kind so far."""
        return self._browser.events(self._session, method)

    def resize(self, width: int, height: int) -> None:
        """Give the page a size in CSS pixels."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def open(self, url: str) -> None:
        """Go to ``url`` and return once it is loaded."""
        loads = len(self.events("Page.loadEventFired"))
        answer = self.call("Page.navigate", url=url)
        if answer.get("errorText"):
            raise BrowserError(f"{url}: {answer['errorText']}")
        self._browser.wait_for_event(self._session, "Page.loadEventFired", loads + 1)

    def wait_for_event(self, method: str) -> None:
        """Return once an event of one kind has come; one that was there counts."""
        self._browser.wait_for_event(self._session, method, 1)

    def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression; a promise is awaited."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in answer:
            raise BrowserError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait_for(self, expression: str) -> Any:
        """Return an expression's value once it is truthy."""
        return waited(lambda: self.evaluate(expression), expression)

    def point_at(self, x: float, y: float) -> None:
        """Move the pointer."""
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def press(self, key: str, *, ctrl: bool = False) -> None:
        """Press a key by its DOM name, such as ``ArrowRight`` or ``n``."""
        code = ord(key.upper()) if len(key) == 1 else KEY_CODES[key]
        shared = {"key": key, "windowsVirtualKeyCode": code, "modifiers": 2 if ctrl else 0}
        text = {"text": key} if len(key) == 1 and not ctrl else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", **shared, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", **shared)

    def emulate(self, *, media: str = "", scheme: str = "light", script: bool = True) -> None:
        """Show the page as on paper (``print``), in a dark system, or without JavaScript."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", media=media, features=features)
        self.call("Emulation.setScriptExecutionDisabled", value=not script)

    def screenshot(self, path: Path, *, whole: bool = False) -> Path:
        """Save what is on screen, or the whole page, as PNG."""
        answer = self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(answer["data"]))
        return path

    def pdf(self) -> bytes:
        """The page as printed."""
        return base64.b64decode(self.call("Page.printToPDF")["data"])


def _pipe() -> tuple[int, int]:
    """Make a pipe whose descriptors are none of those that a shell or Chromium uses."""
    ends = os.pipe()
    moved = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 20) for end in ends)
    for end in ends:
        os.close(end)
    return moved[0], moved[1]


def waited(value: Callable[[], Any], description: str) -> Any:
    """Return what ``value`` gives once it is truthy; raises BrowserError if it never is."""
    deadline = time.monotonic() + PATIENCE
    while not (found := value()):
        if time.monotonic() > deadline:
            raise BrowserError(f"waited {PATIENCE:.0f} s for {description}")
        select.select([], [], [], 0.02)
    return found
