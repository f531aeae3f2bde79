"""Deciding: the one pure function that says whether a release may move, with every reason."""

from __future__ import annotations

from tidegate.engine.gates import GATES
from tidegate.engine.observations import MergeRequestSeen
from tidegate.model import Verdict


def decide(seen: MergeRequestSeen) -> Verdict:
    """Return the verdict of all gates, in reading order."""
    return Verdict.of(reason for gate in GATES for reason in gate(seen))
