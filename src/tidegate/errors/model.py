"""Errors of the pure values: text that does not spell what it should."""

from __future__ import annotations

from tidegate.errors import UsageError


class InvalidDigest(UsageError):
    """The text is not a content digest."""

    code = "model/digest"


class InvalidImageRef(UsageError):
    """The text is not an image reference."""

    code = "model/image-reference"


class InvalidVersion(UsageError):
    """The text is not a semantic version."""

    code = "model/version"


class InvalidConstraint(UsageError):
    """The text is not a version constraint."""

    code = "model/constraint"


class InvalidPattern(UsageError):
    """A tag or path pattern of the configuration can't be used."""

    code = "model/pattern"


class InvalidKey(UsageError):
    """The text is no key of the server's queue."""

    code = "model/key"
