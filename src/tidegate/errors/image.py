"""Errors of `tidegate image`: references, platforms, lists of copies."""

from __future__ import annotations

from tidegate.errors import TidegateError, UsageError


class PlaceInvalid(UsageError):
    """The text names neither an image nor an image-layout folder, or leaves out its tag."""

    code = "image/place-invalid"


class PlatformMissing(TidegateError):
    """The image has no such platform."""

    code = "image/platform-missing"


class PairInvalid(UsageError):
    """A line of a list of copies is not a source and a target."""

    code = "image/pair-invalid"


class ImageInUse(TidegateError):
    """An environment runs the image: its tag is not removed."""

    code = "image/in-use"


class CopiesFailed(TidegateError):
    """Some images of a list were not copied."""

    code = "image/copies-failed"


class NotConfirmed(TidegateError):
    """Nobody said yes to what can't be undone; nothing was done."""

    code = "image/not-confirmed"


class ImagesDiffer(TidegateError):
    """The target does not hold what the source holds, or not all of it."""

    code = "image/differ"
