"""Errors of the command line itself."""

from __future__ import annotations

from tidegate.errors import UsageError


class PersonUnknown(UsageError):
    """Who is acting is not known, or is no user name."""

    code = "cli/person-unknown"


class FolderMissing(UsageError):
    """The folder given with `-C` is not there."""

    code = "cli/folder-missing"


class InvalidLine(UsageError):
    """A line of the input is not what the filter reads."""

    code = "cli/invalid-line"


class BranchUnknown(UsageError):
    """Nothing says which branch is built."""

    code = "cli/branch-unknown"
