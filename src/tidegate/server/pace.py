"""How many follow the board, and how they are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Following:
    """What those get who follow the board; times in seconds.

    Args:
        most: how many there are at once.
        pause: changes that come so close together are told together.
        look: until it is seen that the process is to end, or that somebody may not follow any more.
        alive: after so many looks without news a comment is sent, so that proxies keep the connection.
        longest: after which a follower is sent away. It comes again, and must still be allowed to.
    """

    most: int = 1000
    pause: float = 0.1
    look: float = 1.0
    alive: int = 15
    longest: float = 600


USUAL: Final = Following()
