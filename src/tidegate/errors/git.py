"""Errors of git repositories."""

from __future__ import annotations

from tidegate.errors import AuthenticationError, TidegateError, UsageError


class GitMissing(UsageError):
    """The `git` program is not there, or too old."""

    code = "git/program-missing"


class GitFailed(TidegateError):
    """git ended with an error that has no class of its own."""

    code = "git/failed"


class RemoteUnreachable(TidegateError):
    """The remote did not answer, or the connection broke."""

    code = "git/unreachable"
    retryable = True


class GitSlow(TidegateError):
    """A git command that talks to no remote did not end in time: the disk is slow, or the machine has much to do."""

    code = "git/slow"
    retryable = True


class GitUnauthorized(AuthenticationError):
    """The remote wants credentials, or other ones."""

    code = "git/unauthorized"


class RemoteUntrusted(TidegateError):
    """The remote's TLS certificate or SSH host key can't be verified."""

    code = "git/untrusted"


class RemoteMoved(UsageError):
    """The remote sends us to another address, which a token of ours is not for."""

    code = "git/remote-moved"


class RepositoryMissing(UsageError):
    """There is no repository at that address."""

    code = "git/repository-missing"


class BranchMissing(UsageError):
    """The repository has no such branch."""

    code = "git/branch-missing"


class InvalidBranch(UsageError):
    """The text is not a branch's name, or a tag's."""

    code = "git/branch-name"


class CommitMissing(TidegateError):
    """The repository has no such commit."""

    code = "git/commit-missing"


class HistoryIncomplete(UsageError):
    """The commits since a version are needed, and are neither in the checkout nor on the remote."""

    code = "git/history-incomplete"


class LeaseLost(TidegateError):
    """The branch moved since it was read. Read again, plan again, try again."""

    code = "git/lease-lost"
    retryable = True


class PushRefused(TidegateError):
    """The remote refused the push: a protected branch or a hook."""

    code = "git/push-refused"


class UnsafeRemote(UsageError):
    """A remote's address would run a command, or is of a kind that is not allowed."""

    code = "git/unsafe-remote"


class UnsafePath(UsageError):
    """A path leaves the repository, or has characters that no file should have."""

    code = "git/unsafe-path"


class FileTooLarge(TidegateError):
    """A file is larger than any manifest is."""

    code = "git/file-too-large"


class TreeTooLarge(TidegateError):
    """A commit has more files, or larger ones, than any repository of manifests. To read it would take all memory."""

    code = "git/tree-too-large"


class CacheBroken(TidegateError):
    """A cached mirror can't be read. It is made anew by the next refresh."""

    code = "git/cache-broken"
    retryable = True


class CacheUnusable(UsageError):
    """The folder for cached mirrors can't be made or written."""

    code = "git/cache-unusable"
