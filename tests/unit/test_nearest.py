"""What somebody may have meant."""

from __future__ import annotations

import pytest

from tidegate.nearest import did_you_mean


@pytest.mark.parametrize(
    ("word", "meant"), [("invntory", "did you mean inventory?"), ("ordrs", "did you mean orders?"), ("x", None)]
)
def test_the_nearest_is_told_and_nothing_that_is_far(word: str, meant: str | None) -> None:
    assert did_you_mean(word, ["inventory", "orders"]) == meant
