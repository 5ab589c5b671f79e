"""Which losses are outliers: judged against those before them, and never hidden by one another."""

from __future__ import annotations

import math

import pytest

from inspect_tool.runs.recording.usual import WARM_UP, UsualLoss


def after(*losses: float) -> UsualLoss:
    """Return what is usual after these losses."""
    usual = UsualLoss()
    for loss in losses:
        usual.is_outlier(loss)
    return usual


def falling(count: int) -> list[float]:
    """Return a loss that falls as a training's does, a little unsteadily."""
    return [2.0 + 6.0 * 0.97**step + 0.1 * math.sin(17 * step) for step in range(count)]


def test_a_loss_that_jumps() -> None:
    """Six deviations above the mean is out of the ordinary."""
    assert after(*falling(100)).is_outlier(9.0)


def test_training_as_it_goes() -> None:
    """A loss that falls and wobbles has no outliers."""
    usual = UsualLoss()

    assert not any(usual.is_outlier(loss) for loss in falling(400))


def test_a_low_loss() -> None:
    """Only too high is out of the ordinary."""
    assert not after(*falling(100)).is_outlier(0.0)


def test_too_few_to_judge() -> None:
    """Nothing is an outlier before there is something to hold it against."""
    assert not after(*[2.0] * (WARM_UP - 1)).is_outlier(1000.0)


def test_a_loss_that_never_moves() -> None:
    """A steady loss makes no outlier of the next hair's breadth, but of a jump."""
    steady = [2.0] * 50

    assert not after(*steady).is_outlier(2.1)
    assert after(*steady).is_outlier(3.0)


def test_outliers_do_not_hide_each_other() -> None:
    """After one comes another, just as high."""
    assert after(*falling(100), 1e9).is_outlier(9.0)


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_losses_that_are_not_finite_do_not_count(loss: float) -> None:
    """They are no outliers and leave what is usual as it was."""
    before, usual = after(*falling(50)), after(*falling(50))

    assert not usual.is_outlier(loss)
    assert usual == before
