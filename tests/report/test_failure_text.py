"""A failure as text: evidence, key, and the frames that matter."""

from __future__ import annotations

from inspect_tool.report.failure_text import failure_text
from inspect_tool.report.look import Look
from inspect_tool.runs.failures.failure import UNKNOWN, Failure, Frame

DEEP = tuple(Frame(f"/v/site-packages/torch/{n}.py", n, "call", library=True) for n in range(9))
AXOLOTL = Frame("/v/site-packages/axolotl/train.py", 20, "train", library=True)
OWN = Frame("/home/me/plugin.py", 7, "hook", library=False)
FAILURE = Failure(
    code="F-NO-CUDA",
    cause="a kernel",
    fix="turn it off",
    evidence="AssertionError: no CUDA → none",
    keys=("lora_mlp_kernel", "adapter"),
    place="/home/me/c.yml:3",
    frames=(*DEEP, AXOLOTL, OWN),
    traceback="Traceback (most recent call last):\n  ...",
)


def test_what_stands_below_one_another() -> None:
    """The code, what the log shows, the key with its line, and three frames, innermost first."""
    assert failure_text(FAILURE, Look()).splitlines() == [
        "what   F-NO-CUDA",
        "shown  AssertionError: no CUDA → none",
        "key    lora_mlp_kernel  /home/me/c.yml:3",
        "at     /v/site-packages/torch/0.py:0 in call",
        "       /v/site-packages/axolotl/train.py:20 in train",
        "       /home/me/plugin.py:7 in hook",
    ]


def test_the_traceback_comes_first_when_asked_for() -> None:
    """The whole traceback stands above, so that the cause is still the last thing read."""
    text = failure_text(FAILURE, Look(), traceback=True)

    assert text.startswith("Traceback (most recent call last):\n  ...\n\nwhat ")


def test_an_unknown_failure_says_so() -> None:
    """No code is shown for what no rule knows."""
    text = failure_text(Failure(UNKNOWN, "odd", "see the log"), Look())

    assert text == "what   not a known failure\n"


def test_plain_characters() -> None:
    """A terminal that shows ASCII alone gets ASCII alone."""
    assert failure_text(FAILURE, Look(unicode=False)).isascii()
