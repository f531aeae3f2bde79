"""Errors of notifications."""

from __future__ import annotations

from tidegate.errors import AuthenticationError, TidegateError, UsageError


class NotifyExtraMissing(UsageError):
    """What notifications are sent with is not installed."""

    code = "notify/extra-missing"


class NotifyAddressMissing(AuthenticationError):
    """A variable or a file that is to hold the address of a target of notifications holds none."""

    code = "notify/address-missing"


class NotifyAddressInvalid(UsageError):
    """The address of a target of notifications is none that apprise knows."""

    code = "notify/address"


class NotifyTargetUnknown(UsageError):
    """The configuration names no target of notifications like that, or none at all."""

    code = "notify/target-unknown"


class MessageNotTaken(TidegateError):
    """A target of notifications does not answer, or does not take the message."""

    code = "notify/not-taken"
    retryable = True
