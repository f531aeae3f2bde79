"""Errors of the forge."""

from __future__ import annotations

from tidegate.errors import AuthenticationError, TidegateError, UsageError


class ForgeUnreachable(TidegateError):
    """The forge did not answer."""

    code = "forge/unreachable"
    retryable = True


class ForgeUnauthorized(AuthenticationError):
    """The forge wants credentials, or other ones."""

    code = "forge/unauthorized"


class ProjectMissing(UsageError):
    """The forge has no such project, or it can't be seen with these credentials."""

    code = "forge/project-missing"


class InvalidProject(UsageError):
    """The text is not a project's path, e.g. `platform/gitops`."""

    code = "forge/project-path"


class InvalidUser(UsageError):
    """The text is not a user's name."""

    code = "forge/user-name"


class GroupMissing(UsageError):
    """The forge has no such group, or it can't be seen with these credentials."""

    code = "forge/group-missing"


class MergeRequestMissing(UsageError):
    """The project has no merge request of that number."""

    code = "forge/merge-request-missing"


class MergeRequestNotOpen(TidegateError):
    """The merge request is merged or closed."""

    code = "forge/merge-request-not-open"


class MergeRequestUnreadable(TidegateError):
    """What is recorded of a merge request can't be read."""

    code = "forge/merge-request-unreadable"


class HeadMoved(TidegateError):
    """The branch got a commit since it was looked at. Look again."""

    code = "forge/head-moved"
    retryable = True


class MergeConflict(TidegateError):
    """The merge request can't be merged without a person."""

    code = "forge/merge-conflict"
