"""Word between the processes of one installation: each that shows a board has its own, and looks for itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from tidegate.engine.views.board import Fault
from tidegate.model.key import EverythingKey, Key, ServiceKey


@dataclass(frozen=True, slots=True)
class Touched:
    """Where a process has looked or done something. Whoever shows it looks there too.

    Args:
        key: the key that was handled; an `EverythingKey` asks for a resync.
        cells: what it touched.
        failure: why it failed, or None.
    """

    key: Key = field(default_factory=EverythingKey)
    cells: frozenset[ServiceKey] = frozenset()
    failure: Fault | None = None


class Others(Protocol):
    """The other processes. Word to them may get lost: a resync finds what was missed."""

    def tell(self, touched: Touched) -> None:
        """Tell them; raises nothing."""
        ...

    def subscribe(self, listener: Callable[[Touched], None]) -> None:
        """Have `listener` called with what they tell, and with every wish for a resync, also this process's own.

        Args:
            listener: must be quick, and raise nothing.
        """
        ...
