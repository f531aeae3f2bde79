"""Errors of ImagePolicies as lanes: holds and checks."""

from __future__ import annotations

from tidegate.errors import Blocked, UsageError


class LaneHeld(Blocked):
    """The lane is held already, at another version."""

    code = "policy/held"


class NotHoldable(UsageError):
    """The lane can't be held like that: its policy has no range, or no tag of the registry is that version."""

    code = "policy/not-holdable"


class TagsUnreadable(UsageError):
    """The tags to test a policy with can't be read, or there are none given."""

    code = "policy/tags-unreadable"


class RuleUnknown(UsageError):
    """The configuration switches off a rule that does not exist."""

    code = "policy/rule-unknown"
