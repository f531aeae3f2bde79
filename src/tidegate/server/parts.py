"""What the HTTP face works with, handed in by the process that serves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

from tidegate.config import Configuration
from tidegate.engine.world import World
from tidegate.model import Pipeline
from tidegate.ports import Clock
from tidegate.ports.queue import KeyQueue
from tidegate.ports.telemetry import Telemetry
from tidegate.server.access.gate import Access
from tidegate.server.board_store import BoardStore
from tidegate.server.metrics import Metrics
from tidegate.server.pace import USUAL, Following
from tidegate.server.webhooks.proof import GitLabProof, RegistryProof


@dataclass(frozen=True, slots=True)
class Parts:
    """The server's parts.

    Args:
        configuration: what tidegate.yaml says.
        new_world: makes a world that sees everything anew; for one thread, for one request.
        pipeline: gives the pipeline with the services that were found last.
        queue: where keys go.
        board: what is shown.
        metrics: what is counted.
        gitlab: how GitLab's webhooks prove themselves.
        registry: how registries' webhooks do.
        access: who makes a request, and what they may do.
        clock: what time it is.
        resynced: set when everything has been looked at once.
        stopping: set when the process is to end.
        traces: hears of each request, or None.
        following: what those get who follow the board.
    """

    configuration: Configuration
    new_world: Callable[[], World]
    pipeline: Callable[[], Pipeline]
    queue: KeyQueue
    board: BoardStore
    metrics: Metrics
    gitlab: GitLabProof
    registry: RegistryProof
    access: Access
    clock: Clock
    resynced: Event
    stopping: Event
    traces: Telemetry | None = None
    following: Following = USUAL

    @property
    def is_ready(self) -> bool:
        """Whether the board tells what is so, and keys are handled."""
        return self.resynced.is_set() and self.queue.is_alive and not self.stopping.is_set()
