"""What is told while a plan runs, kept for the answer; and told to the log, as the server's own work is."""

from __future__ import annotations

from dataclasses import dataclass, field

from tidegate.engine.plan import Plan
from tidegate.engine.steps import Outcome, Step
from tidegate.model.json import Json
from tidegate.server.step_log import StepLog


@dataclass(frozen=True, slots=True)
class Talk:
    """Fulfils `Progress`.

    Args:
        log: what is told, too; stops the plan between two steps when the process is to end.
        told: one document for each thing that was told, in order.
    """

    log: StepLog
    told: list[dict[str, Json]] = field(default_factory=list)

    def planned(self, plan: Plan) -> None:
        """Keep the plan's summary and its warnings."""
        self.log.planned(plan)
        self._keep("plan", plan.summary)
        for warning in plan.warnings:
            self._keep("warning", warning)

    def began(self, step: Step) -> None:
        """Go on, unless the process is to end."""
        self.log.began(step)

    def ended(self, step: Step, outcome: Outcome) -> None:
        """Keep what the step did."""
        self.log.ended(step, outcome)
        self._keep("failed" if outcome.failed else "kept" if outcome.adopted else "done", outcome.text)

    def warned(self, what: str) -> None:
        """Keep what could not be done."""
        self.log.warned(what)
        self._keep("warning", what)

    def lost_race(self, reason: str) -> None:
        """Keep that everything is read again."""
        self.log.lost_race(reason)
        self._keep("again", reason)

    def _keep(self, event: str, text: str) -> None:
        self.told.append({"event": event, "text": text})
