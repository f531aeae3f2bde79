"""What scenes are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tidegate.cli.demo.stage import Stage


@dataclass(frozen=True, slots=True)
class Beat:
    """The smallest part of the demo that is recorded as finished.

    Args:
        name: unique among all beats.
        play: does it. Killed at any point and played again, it comes to the same end.
    """

    name: str
    play: Callable[[Stage], None]


@dataclass(frozen=True, slots=True)
class Scene:
    """A chapter of the demo.

    Args:
        title: its heading.
        intro: what it shows.
        beats: its parts, in order.
    """

    title: str
    intro: str
    beats: tuple[Beat, ...]
