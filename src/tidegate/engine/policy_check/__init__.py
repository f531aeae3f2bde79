"""The policy check: one rule, one file; `RULES` is the table of all, in the order of the reference."""

from __future__ import annotations

from tidegate.engine.policy_check.admits_prereleases import ADMITS_PRERELEASES
from tidegate.engine.policy_check.candidate_order import CANDIDATE_ORDER
from tidegate.engine.policy_check.filter_never_matches import FILTER_NEVER_MATCHES
from tidegate.engine.policy_check.hold_over import HOLD_OVER
from tidegate.engine.policy_check.image_mismatch import IMAGE_MISMATCH
from tidegate.engine.policy_check.lanes_overlap import LANES_OVERLAP
from tidegate.engine.policy_check.marker_without_policy import MARKER_WITHOUT_POLICY
from tidegate.engine.policy_check.not_a_number import NOT_A_NUMBER
from tidegate.engine.policy_check.policy_invalid import POLICY_INVALID
from tidegate.engine.policy_check.rule import Hit, Rule
from tidegate.engine.policy_check.selects_nothing import SELECTS_NOTHING
from tidegate.engine.policy_check.unreadable import UNREADABLE

RULES: tuple[Rule, ...] = (
    POLICY_INVALID,
    SELECTS_NOTHING,
    FILTER_NEVER_MATCHES,
    NOT_A_NUMBER,
    ADMITS_PRERELEASES,
    CANDIDATE_ORDER,
    LANES_OVERLAP,
    IMAGE_MISMATCH,
    MARKER_WITHOUT_POLICY,
    HOLD_OVER,
    UNREADABLE,
)

__all__ = ["RULES", "Hit", "Rule"]
