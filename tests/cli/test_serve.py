"""``inspect-tool serve``: a real server, real WebSockets, a real browser, and closed doors."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import socket
import subprocess
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING

import aiohttp
import psutil
import pytest
from yarl import URL

from inspect_tool.errors import InspectError
from inspect_tool.tui.served import AppServer
from tests.arrow_files import answered, save, supervised
from tests.chromium import waited
from tests.processes import ARGV, TIMEOUT, environment, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.chromium import Chromium, Page


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared folder of three rows of Mistral's ids."""
    return save(
        tmp_path_factory.mktemp("served") / "rows",
        supervised([answered(range(22557, 22577), prompt=9)] * 3),
    )


@pytest.fixture(scope="module")
def server(folder: Path, mistral_dir: Path) -> Iterator[Served]:
    """The command, serving that folder."""
    with serving(folder, "--tokenizer", mistral_dir) as served:
        yield served


class Served:
    """A running server and the URL that it printed."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.process = process
        self.url = URL(process.stdout.readline().strip())

    @property
    def socket(self) -> URL:
        """The address of its WebSocket."""
        return self.url.with_scheme("ws") / "ws"

    @property
    def origin(self) -> str:
        """What a page of it names as its origin."""
        return str(self.url.origin())

    def processes(self) -> list[psutil.Process]:
        """The server and all below it."""
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]


@contextmanager
def serving(*arguments: object) -> Iterator[Served]:
    """Run ``inspect-tool serve`` until the block ends."""
    process = subprocess.Popen(
        [*ARGV, "serve", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment(None),
        start_new_session=True,
    )
    try:
        yield Served(process)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.communicate(timeout=TIMEOUT)


async def _status(url: URL, **headers: str) -> int:
    async with aiohttp.ClientSession() as client, client.get(url, headers=headers) as answer:
        return answer.status


async def _upgrade_status(url: URL, headers: dict[str, str]) -> int:
    """The status that a WebSocket is answered with."""
    async with aiohttp.ClientSession() as client:
        try:
            async with client.ws_connect(url, headers=headers):
                return 101
        except aiohttp.WSServerHandshakeError as error:
            return error.status


async def _drawn_until(wanted: bytes, url: URL, origin: str, *, keys: str = "") -> bytes:
    """Everything that the app draws in a WebSocket until ``wanted`` is among it."""
    drawn = b""
    async with (
        aiohttp.ClientSession() as client,
        client.ws_connect(url, headers={"Origin": origin}) as page,
    ):
        await page.send_str(json.dumps(["resize", {"width": 120, "height": 40}]))
        async with asyncio.timeout(TIMEOUT):
            async for message in page:
                if message.type is aiohttp.WSMsgType.BINARY:
                    drawn += message.data
                if keys and b"22557" in drawn:
                    await page.send_str(json.dumps(["stdin", keys]))
                    keys = ""
                if wanted in drawn:
                    break
    return drawn


async def test_the_app_comes_through_a_websocket(server: Served) -> None:
    """A page's WebSocket gets the app, with the tokens of the first row."""
    drawn = await _drawn_until(b"22557", server.socket, server.origin)

    assert b"\x1b[" in drawn


async def test_keys_reach_the_app(server: Served) -> None:
    """What is typed in the page is typed in the app."""
    drawn = await _drawn_until(b"row 1 of 3", server.socket, server.origin, keys="n")

    assert b"row 1 of 3" in drawn


async def test_nothing_is_started_from_a_browser(server: Served) -> None:
    """The key that would run axolotl is answered with where to go instead."""
    drawn = await _drawn_until(b"not from a browser", server.socket, server.origin, keys="b")

    assert b"not from a browser" in drawn
    commands = [" ".join(process.cmdline()) for process in server.processes()]
    assert [command for command in commands if "axolotl" in command.replace(__file__, "")] == []


def test_only_loopback_is_listened_on(server: Served) -> None:
    """No process of it listens on anything but 127.0.0.1."""
    listening = {
        connection.laddr.ip
        for process in server.processes()
        for connection in process.net_connections()
        if connection.status == psutil.CONN_LISTEN
    }

    assert listening == {"127.0.0.1"}


async def test_the_page_is_there(server: Served) -> None:
    """The URL that was printed opens."""
    assert await _status(server.url) == 200


@pytest.mark.parametrize("path", ["/", "/ws", "/static/js/textual.js", "/wrong/", "/wrong/ws"])
async def test_without_the_secret_nothing_is_served(path: str, server: Served) -> None:
    """Another user of the machine, who can reach the port, gets nothing."""
    assert await _status(server.url.origin().with_path(path)) == 403


async def test_another_host_name_is_refused(server: Served) -> None:
    """A name that someone else's DNS points at 127.0.0.1 is no way in."""
    assert await _status(server.url, Host=f"evil.example:{server.url.port}") == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1"])
async def test_another_page_is_refused(origin: str, server: Served) -> None:
    """A WebSocket from a page of another origin is refused, secret or not."""
    assert await _upgrade_status(server.socket, {"Origin": origin}) == 403


async def test_a_websocket_without_a_page_is_refused(server: Served) -> None:
    """Browsers always name the origin; what does not is no browser."""
    assert await _upgrade_status(server.socket, {}) == 403


async def test_nonsense_is_survived(server: Served) -> None:
    """Messages of no known form end neither the page nor the server."""
    async with (
        aiohttp.ClientSession() as client,
        client.ws_connect(server.socket, headers={"Origin": server.origin}) as page,
    ):
        for text in ("", "[", "{}", '["resize", {"width": "x"}]', '["resize"]', '["stdin", 5]'):
            await page.send_str(text)
        await page.send_bytes(b"\x00")
        await page.send_str('["ping", "still here"]')
        async with asyncio.timeout(TIMEOUT):
            async for message in page:
                if message.type is aiohttp.WSMsgType.TEXT:
                    break

        assert json.loads(message.data) == ["pong", "still here"]


async def test_a_closed_page_leaves_no_process(server: Served) -> None:
    """When a page goes its app goes, too."""
    await _drawn_until(b"22557", server.socket, server.origin)

    assert waited(lambda: len(server.processes()) == 1, "the app of the closed page to end")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
async def test_nothing_outlives_the_server(
    number: signal.Signals, folder: Path, mistral_dir: Path
) -> None:
    """However the server ends, its apps end, also when it is killed."""
    with serving(folder, "--tokenizer", mistral_dir) as served:
        async with (
            aiohttp.ClientSession() as client,
            client.ws_connect(served.socket, headers={"Origin": served.origin}) as page,
        ):
            await page.receive(timeout=TIMEOUT)
            processes = served.processes()

            served.process.send_signal(number)

            _, alive = await asyncio.to_thread(psutil.wait_procs, processes, TIMEOUT)
    assert len(processes) > 1
    assert alive == []


def test_a_browser_shows_a_token(server: Served, chromium: Chromium) -> None:
    """In a real browser the app draws, takes keys at once, and loads nothing from elsewhere."""
    page = chromium.page()
    page.open(str(server.url))
    page.wait_for("document.body.classList.contains('-first-byte')")

    page.wait_for("document.activeElement.classList.contains('xterm-helper-textarea')")
    asked = {
        URL(event["request"]["url"]).origin() for event in page.events("Network.requestWillBeSent")
    }
    waited(lambda: b"22557" in _drawn(page), "a token to be drawn")

    assert asked == {server.url.origin()}
    refused = [event["entry"] for event in page.events("Log.entryAdded")]
    assert [entry for entry in refused if entry["source"] == "security"] == []


def _drawn(page: Page) -> bytes:
    """Everything that a page's WebSocket has received as bytes so far."""
    page.evaluate("1")  # events are read while an answer is awaited
    frames = [event["response"] for event in page.events("Network.webSocketFrameReceived")]
    return b"".join(base64.b64decode(f["payloadData"]) for f in frames if f["opcode"] == 2)


def test_a_taken_port_is_told() -> None:
    """A port that something else listens on is a clear error with a way out."""
    with (
        closing(socket.create_server(("127.0.0.1", 0))) as taken,
        pytest.raises(InspectError, match="--port"),
    ):
        AppServer(("true",), title="x", port=taken.getsockname()[1])


def test_a_path_that_is_not_there_is_told(tmp_path: Path) -> None:
    """Nothing is served for a path that does not exist."""
    done = run("serve", tmp_path / "missing")

    assert (done.returncode, done.stdout) == (2, "")
    assert "no such file or folder" in done.stderr
