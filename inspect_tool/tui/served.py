"""The app in a browser: textual-serve's terminal page and protocol, behind a door of our own.

textual-serve takes any WebSocket from any page. Here nothing but loopback is listened on; requests
must name that address and the secret that the URL carries, and a WebSocket must come from the page
itself, so that neither another site in the same browser nor another user of the machine gets in.
Every page runs one app process, which ends with it.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import os
import secrets
import socket
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aiohttp import WSMsgType, web
from jinja2 import Environment, PackageLoader
from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager

from inspect_tool.errors import InspectError
from inspect_tool.runs import guard

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Awaitable, Callable

LOOPBACK: Final = "127.0.0.1"
MAX_PAGES: Final = 8
"""Pages that may be open at a time; each is a process."""
MAX_CELLS: Final = 1000
"""Columns, and rows, of the largest terminal that a page may ask for."""
HEARTBEAT_SECONDS: Final = 15.0
QUIT_SECONDS: Final = 3.0
"""How long an app may take to quit before it is ended."""

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_POLICY: Final = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'; "
    "style-src 'self' 'unsafe-inline'; font-src 'self'; img-src data: blob:; "
    "connect-src 'self' ws://{host}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class AppServer:
    """Serves one command, which must run a Textual app, to whoever knows the URL."""

    def __init__(self, argv: tuple[str, ...], *, title: str, port: int = 0) -> None:
        """Listen on a port of loopback, any free one by default; raises InspectError."""
        self._argv = argv
        self._title = title
        self._secret = secrets.token_urlsafe(24)
        self._pages: set[web.WebSocketResponse] = set()
        try:
            self._listener = socket.create_server((LOOPBACK, port))
        except (OSError, OverflowError) as error:
            reason = error.strerror if isinstance(error, OSError) else "no such port"
            raise InspectError(
                f"cannot be listened on ({reason})",
                place=f"{LOOPBACK}:{port}",
                fix="name another --port, or none to take a free one",
            ) from None
        self.port: int = self._listener.getsockname()[1]
        self._hosts = frozenset({f"{LOOPBACK}:{self.port}", f"localhost:{self.port}"})

    @property
    def url(self) -> str:
        """The address to open; whoever has it may use the app."""
        return f"http://{LOOPBACK}:{self.port}/{self._secret}/"

    def run(self) -> None:
        """Serve until SIGINT or SIGTERM; every page's process has ended then."""
        web.run_app(
            self.application(),
            sock=self._listener,
            print=None,
            access_log=None,
            shutdown_timeout=QUIT_SECONDS,
        )

    def application(self) -> web.Application:
        """Return the web application."""
        application = web.Application(middlewares=[self._door])
        home = f"/{self._secret}"
        statics = Path(str(files("textual_serve"))) / "static"
        application.add_routes(
            [
                web.get(f"{home}/", self._index),
                web.get(f"{home}/ws", self._websocket),
                web.static(f"{home}/static", statics),
            ]
        )
        application.on_response_prepare.append(_add_headers)
        application.on_shutdown.append(self._close_pages)
        return application

    @web.middleware
    async def _door(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Let in only what names this address and the secret, and comes from no other page."""
        if request.host not in self._hosts:
            raise web.HTTPForbidden(text=f"This server answers to {LOOPBACK}:{self.port} alone.")
        origin = request.headers.get("Origin")
        if origin is not None and origin != f"http://{request.host}":
            raise web.HTTPForbidden(text="Another page may not use this server.")
        secret = request.path.split("/")[1]
        if not hmac.compare_digest(secret.encode(), self._secret.encode()):
            raise web.HTTPForbidden(text="Open the whole URL that inspect-tool serve printed.")
        return await handler(request)

    async def _index(self, request: web.Request) -> web.Response:
        page = _environment().get_template("serve.html.j2")
        home, nonce = f"/{self._secret}", secrets.token_urlsafe(16)
        address = f"ws://{request.host}{home}/ws"
        text = page.render(title=self._title, home=home, socket=address, nonce=nonce)
        headers = {"Content-Security-Policy": _POLICY.format(host=request.host, nonce=nonce)}
        return web.Response(text=text, content_type="text/html", headers=headers)

    async def _websocket(self, request: web.Request) -> web.WebSocketResponse:
        if "Origin" not in request.headers:
            raise web.HTTPForbidden(text="A WebSocket must come from the page.")
        if len(self._pages) >= MAX_PAGES:
            raise web.HTTPServiceUnavailable(text=f"{MAX_PAGES} pages are open already.")
        page = web.WebSocketResponse(heartbeat=HEARTBEAT_SECONDS)
        self._pages.add(page)
        app = ServedApp(self._argv, page)
        try:
            await page.prepare(request)
            await app.start(
                _cells(request.query.get("width"), 80), _cells(request.query.get("height"), 24)
            )
            async for message in page:
                if message.type is WSMsgType.TEXT:
                    await app.receive(message.data)
        finally:
            self._pages.discard(page)
            await app.stop()
        return page

    async def _close_pages(self, _: web.Application) -> None:
        await asyncio.gather(*(page.close(message=b"the server ends") for page in self._pages))


class ServedApp(AppService):
    """One app process and the page that shows it; under a guard, so that neither outlives us."""

    def __init__(self, argv: tuple[str, ...], page: web.WebSocketResponse) -> None:
        super().__init__(
            "",
            write_bytes=page.send_bytes,
            write_str=page.send_str,
            close=self._close_page,
            download_manager=DownloadManager(),
        )
        self._argv = argv
        self._page = page
        self._control = -1

    async def receive(self, text: str) -> None:
        """Pass on what the page says in JSON: keys, its size, its focus; what is else is left."""
        try:
            message = json.loads(text)
        except ValueError:
            return
        match message:
            case ["stdin", str(keys)]:
                await self.send_bytes(keys.encode("utf-8", "replace"))
            case ["resize", {"width": int(width), "height": int(height)}]:
                await self.set_terminal_size(_cells(width, 80), _cells(height, 24))
            case ["ping", data]:
                await self.remote_write_str(json.dumps(["pong", data]))
            case ["blur"]:
                await self.blur()
            case ["focus"]:
                await self.focus()

    async def run(self) -> None:
        """Relay what the app draws until it ends, then close its page."""
        with suppress(ConnectionError):
            await super().run()
        await self.remote_close()

    async def stop(self) -> None:
        """Ask the app to quit, and end it if it does not."""
        process, task = self._process, self._task
        if process is None or task is None:
            return
        self._task = None
        await self.send_meta({"type": "quit"})
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), QUIT_SECONDS)
        self._close_control()
        await process.wait()
        await task

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        """Start the app without a shell; its stderr is ours."""
        control, self._control = os.pipe()
        try:
            self._process = process = await asyncio.create_subprocess_exec(
                *guard.argv(self._argv, control=control, patience=(QUIT_SECONDS, QUIT_SECONDS)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env=self._build_environment(width=width, height=height),
                pass_fds=(control,),
                start_new_session=True,
            )
        except BaseException:
            self._close_control()
            raise
        finally:
            os.close(control)
        self._stdin = process.stdin
        # The base class collects stderr to print it on stdout, which is for data.
        process.stderr = asyncio.StreamReader()
        process.stderr.feed_eof()
        return process

    async def _close_page(self) -> None:
        await self._page.close()

    def _close_control(self) -> None:
        if self._control >= 0:
            os.close(self._control)
            self._control = -1


async def _add_headers(_: web.Request, response: web.StreamResponse) -> None:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)


def _cells(written: str | int | None, default: int) -> int:
    """Return a terminal's width or height as a page asked for it, within reason."""
    try:
        return min(max(int(written or default), 1), MAX_CELLS)
    except ValueError:
        return default


def _environment() -> Environment:
    return Environment(loader=PackageLoader("inspect_tool.report", "assets"), autoescape=True)
