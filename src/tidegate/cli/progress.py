"""What a person sees on stderr while a plan runs."""

from __future__ import annotations

from dataclasses import dataclass

from tidegate.cli.output import Output, printable
from tidegate.engine.plan import Plan
from tidegate.engine.steps import Outcome, Step


@dataclass(frozen=True, slots=True)
class StepTalk:
    """Tells each step on its own line: `done` for what was written, `kept` for what was there already.

    Args:
        output: where talk goes.
    """

    output: Output

    def planned(self, plan: Plan) -> None:
        """Say the plan's summary and its warnings."""
        self.output.say(printable(plan.summary))
        for warning in plan.warnings:
            self.output.say(f"  warning: {printable(warning)}")

    def began(self, step: Step) -> None:
        """Say nothing: the end of a step tells all."""

    def ended(self, step: Step, outcome: Outcome) -> None:
        """Say what the step did."""
        del step
        word = "warning:" if outcome.failed else "kept " if outcome.adopted else "done "
        self.output.say(f"  {word} {printable(outcome.text)}")

    def warned(self, what: str) -> None:
        """Say it as a warning."""
        self.output.say(f"  warning: {printable(what)}")

    def lost_race(self, reason: str) -> None:
        """Say that everything is read again."""
        self.output.say(f"  again: {printable(reason)}")
