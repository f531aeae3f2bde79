"""What the server's log says while a plan runs, and where a plan that runs is stopped."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Final, Protocol

from tidegate.engine.plan import Plan
from tidegate.engine.steps import Outcome, Step
from tidegate.model.key import Key

_LOG: Final = logging.getLogger(__name__)


class HandedBack(Exception):
    """The process ends before the next step, or the key is another's by now.

    No failure of a merge request, and not told as one on its page.
    """


class Sign(Protocol):
    """An event that somebody else sets."""

    def is_set(self) -> bool:
        """Whether it is set."""
        ...


@dataclass(frozen=True, slots=True)
class StepLog:
    """Fulfils `Progress`. Between two steps a plan is handed back when the process is to end, or has lost the key.

    Args:
        key: what is being handled.
        stopping: set when no further step is to begin.
    """

    key: Key
    stopping: Sign

    def planned(self, plan: Plan) -> None:
        """Log the plan's summary and its warnings."""
        self._say("plan", plan.summary)
        for warning in plan.warnings:
            self.warned(warning)

    def began(self, step: Step) -> None:
        """Go on, unless the process is to end.

        Raises:
            HandedBack: it is. Each step adopts what was done before, so the next process begins where this one ended.
        """
        if self.stopping.is_set():
            raise HandedBack(step.kind)

    def ended(self, step: Step, outcome: Outcome) -> None:
        """Log what the step did."""
        word = "failed" if outcome.failed else "kept" if outcome.adopted else "done"
        self._say(word, outcome.text, step=step.kind)

    def warned(self, what: str) -> None:
        """Log what could not be done."""
        _LOG.warning("%s", what, extra={"fields": {"key": str(self.key)}})

    def lost_race(self, reason: str) -> None:
        """Log that everything is read again."""
        self._say("again", reason)

    def _say(self, event: str, what: str, **fields: str) -> None:
        _LOG.info("%s", what, extra={"fields": {"event": event, "key": str(self.key), **fields}})
