"""Errors of the demo."""

from __future__ import annotations

from tidegate.errors import TidegateError, UsageError


class FolderTaken(UsageError):
    """The folder holds something that is no demo world; the demo leaves it alone."""

    code = "demo/folder-taken"


class WorldBusy(TidegateError):
    """Another demo is at work in the same folder."""

    code = "demo/world-busy"


class UnexpectedEnd(TidegateError):
    """A step of the demo did not do what its scene says."""

    code = "demo/unexpected-end"
