"""Errors of the queue that is shared through PostgreSQL."""

from __future__ import annotations

from tidegate.errors import TidegateError, UsageError


class InvalidQueue(UsageError):
    """The text does not say where a queue is."""

    code = "queue/url"


class QueueMissing(UsageError):
    """Nothing says where the queue is."""

    code = "queue/missing"


class PasswordInArguments(UsageError):
    """A password stands in the list of arguments, where every user of the machine can read it."""

    code = "queue/password-in-arguments"


class QueueExtraMissing(UsageError):
    """What the shared queue is made of is not installed."""

    code = "queue/extra-missing"


class QueueUnreachable(TidegateError):
    """PostgreSQL does not answer, or does not let us in."""

    code = "queue/unreachable"
    retryable = True


class QueueNotOurs(UsageError):
    """The schema in which the queue is to be was made by somebody else, or by a newer Tidegate."""

    code = "queue/not-ours"
