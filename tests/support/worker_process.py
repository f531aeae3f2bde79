"""A real `tidegate worker` on a road's world."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from support.lasting_process import LastingProcess
from support.road_world import RoadWorld


@dataclass
class WorkerProcess(LastingProcess):
    """A worker from the beginning of a `with` statement to its end.

    Args:
        world: where it works.
        queue: the queue's address.
        options: further arguments.
    """

    world: RoadWorld
    queue: str
    options: tuple[str, ...] = ("--workers", "1")

    def __enter__(self) -> Self:
        self.begin(self.world, "worker", "--queue", self.queue, *self.options)
        return self
