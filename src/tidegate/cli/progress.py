"""What a person sees on stderr while a plan runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tidegate.cli.output import Output
from tidegate.cli.printable import printable
from tidegate.engine.plan import Plan
from tidegate.engine.steps import Outcome, Step

_LINES: Final = {
    "plan": "{}",
    "done": "  done  {}",
    "kept": "  kept  {}",
    "failed": "  warning: {}",
    "warning": "  warning: {}",
    "again": "  again: {}",
}


def told(event: str, text: str) -> str:
    """Return the line for something that was told while a plan ran; a word that nobody knows is told as it is."""
    return _LINES.get(event, f"  {printable(event)}: {{}}").replace("{}", printable(text))


@dataclass(frozen=True, slots=True)
class StepTalk:
    """Tells each step on its own line: `done` for what was written, `kept` for what was there already.

    Args:
        output: where talk goes.
    """

    output: Output

    def planned(self, plan: Plan) -> None:
        """Say the plan's summary and its warnings."""
        self.output.say(told("plan", plan.summary))
        for warning in plan.warnings:
            self.warned(warning)

    def began(self, step: Step) -> None:
        """Say nothing: the end of a step tells all."""

    def ended(self, step: Step, outcome: Outcome) -> None:
        """Say what the step did."""
        del step
        self.output.say(told("failed" if outcome.failed else "kept" if outcome.adopted else "done", outcome.text))

    def warned(self, what: str) -> None:
        """Say it as a warning."""
        self.output.say(told("warning", what))

    def lost_race(self, reason: str) -> None:
        """Say that everything is read again."""
        self.output.say(told("again", reason))
