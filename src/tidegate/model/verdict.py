"""Verdict: whether a release may move, with every reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class Answer(Enum):
    """What a gate says."""

    GO = "go"
    WAIT = "wait"
    NO = "no"


@dataclass(frozen=True, slots=True)
class Reason:
    """What one gate found.

    Args:
        gate: the gate's name, e.g. `approvals`.
        answer: go, wait (time or a person can change it) or no (only a new promotion can).
        text: one clause for a person, e.g. `needs 1 approval from group:platform/sre`.
        evidence: what it was read from: a merge request, a file position, an image.
        hint: what to do, or None.
        code: the error code that fits a `no`, else None.
        lasting: the text and what to do in words that stay the same as time passes; None where `text` does.
    """

    gate: str
    answer: Answer
    text: str
    evidence: str | None = None
    hint: str | None = None
    code: str | None = None
    lasting: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """All gates' reasons; the answer is the strictest of them."""

    reasons: tuple[Reason, ...]

    @classmethod
    def of(cls, reasons: Iterable[Reason]) -> Verdict:
        """Return the verdict over `reasons`, in the order given."""
        return cls(tuple(reasons))

    @property
    def answer(self) -> Answer:
        """NO when any reason is no, else WAIT when any waits, else GO."""
        answers = {reason.answer for reason in self.reasons}
        return next((answer for answer in (Answer.NO, Answer.WAIT) if answer in answers), Answer.GO)

    @property
    def obstacles(self) -> tuple[Reason, ...]:
        """The reasons that are not go, strictest first."""
        return tuple(
            sorted(
                (reason for reason in self.reasons if reason.answer is not Answer.GO),
                key=lambda reason: reason.answer is not Answer.NO,
            )
        )
