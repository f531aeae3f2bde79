"""Errors of the forge."""

from __future__ import annotations

from tidegate.errors import AuthenticationError, Blocked, Pending, TidegateError, UsageError
from tidegate.errors.http import ServerBusy


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


class TargetMoved(TidegateError):
    """The target branch has changed, and a merge would make other bytes than were decided on. Look again."""

    code = "forge/target-moved"
    retryable = True


class MergeConflict(TidegateError):
    """The merge request can't be merged without a person."""

    code = "forge/merge-conflict"


class ForgeForbidden(AuthenticationError):
    """The forge knows the credentials, and they may not do this."""

    code = "forge/forbidden"


class TokenMissing(AuthenticationError):
    """There is no token for the forge, or what is configured holds none."""

    code = "forge/token-missing"


class JobTokenReadsOnly(AuthenticationError):
    """A CI job's own token is all there is, and it may only read."""

    code = "forge/job-token-reads-only"


class UserMismatch(AuthenticationError):
    """The credentials are another person's than the one who is to act."""

    code = "forge/user-mismatch"


class ForgeThrottled(ServerBusy):
    """The forge asks for patience: too many requests."""

    code = "forge/throttled"


class ForgeFailed(ServerBusy):
    """The forge failed inside."""

    code = "forge/failed"


class ForgeRefused(TidegateError):
    """The forge does not do what was asked, and says why."""

    code = "forge/refused"


class ForgeUnreadable(TidegateError):
    """The answer is not what the forge's API answers."""

    code = "forge/unreadable"


class MergeRequestExists(TidegateError):
    """There is an open merge request with these branches already."""

    code = "forge/merge-request-exists"


class NothingToMerge(TidegateError):
    """The target branch has every commit of the source branch already."""

    code = "forge/nothing-to-merge"


class CodeOwnersUnknown(UsageError):
    """The forge does not say who owns the changed files, and their approval is asked for."""

    code = "forge/code-owners-unknown"


class StatusUnchanged(TidegateError):
    """The commit has a status in this very state already."""

    code = "forge/status-unchanged"


class MilestoneMissing(UsageError):
    """The project has no milestone of that title, and neither has a group above it."""

    code = "forge/milestone-missing"


class MergeBlocked(Blocked):
    """The forge does not merge this yet: something it wants is missing."""

    code = "forge/merge-blocked"


class MergeabilityUnknown(Pending):
    """The forge has not worked out in time whether it can be merged."""

    code = "forge/mergeability-unknown"
