"""Somebody who hears what is done."""

from __future__ import annotations

from dataclasses import dataclass, field

from tidegate.ports.telemetry import End, Ending, Operation


@dataclass
class Listener:
    """Fulfils `Telemetry`: keeps what it hears, in the order of the ends."""

    heard: list[tuple[Operation, Ending]] = field(default_factory=list)

    def begin(self, operation: Operation) -> End:
        return lambda ending: self.heard.append((operation, ending))

    @property
    def words(self) -> list[str]:
        """What a figure would tell of each."""
        return [
            " ".join(word for word in (each.kind.value, each.account, each.name, end.outcome) if word)
            for each, end in self.heard
        ]
