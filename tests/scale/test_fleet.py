"""How many processes, on how many machines."""

from __future__ import annotations

import pytest

from inspect_tool.errors import InspectError
from inspect_tool.scale.fleet import Fleet


def test_processes_are_shared_out_over_machines() -> None:
    """Processes are counted over all machines, as accelerate counts them."""
    assert Fleet(processes=8, nodes=2).per_node == 4


@pytest.mark.parametrize(("processes", "nodes"), [(7, 2), (1, 2), (0, 1), (2, 0), (-2, 1)])
def test_what_does_not_come_out_even_is_refused(processes: int, nodes: int) -> None:
    """A remainder that accelerate would drop is an error here."""
    with pytest.raises(InspectError):
        Fleet(processes=processes, nodes=nodes)
