"""Ports for debuggers: free, and nobody else's until they are listened on."""

from __future__ import annotations

import socket
from contextlib import closing

import pytest

from inspect_tool.errors import InspectError
from inspect_tool.runs.ports import HOST, OWN_PORTS, choose_port


def test_a_free_port_is_one_that_systems_do_not_hand_out() -> None:
    """Between the choice and the run's start no other program is given it by chance."""
    assert choose_port(0) in OWN_PORTS


def test_a_port_that_is_listened_on_is_refused() -> None:
    """The error names the port and the way to a free one."""
    with (
        closing(socket.create_server((HOST, 0))) as taken,
        pytest.raises(InspectError, match=r"is in use \(--port 0 takes a free one\)"),
    ):
        choose_port(taken.getsockname()[1])
