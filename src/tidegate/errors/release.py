"""Errors of promoting and delivering."""

from __future__ import annotations

from tidegate.errors import Blocked, Pending, TidegateError, UsageError


class ServiceUnknown(UsageError):
    """No service of that name."""

    code = "release/service-unknown"


class EnvironmentUnknown(UsageError):
    """No environment of that name."""

    code = "release/environment-unknown"


class NoSource(UsageError):
    """The environment is the first: nothing is promoted to it."""

    code = "release/no-source"


class NothingDeclared(TidegateError):
    """The environment has no HelmRelease of the service."""

    code = "release/nothing-declared"


class SourceForeign(Blocked):
    """A manifest names an image from outside the configured source registry."""

    code = "release/foreign-image"


class EnvironmentSkipped(Blocked):
    """The release was never in the environment before."""

    code = "release/environment-skipped"


class TagUnreadable(TidegateError):
    """A tag is not written as the environment's tag pattern says."""

    code = "release/tag-unreadable"


class SourceTagMissing(Blocked):
    """The tag that a manifest names does not exist in the registry."""

    code = "release/source-tag-missing"


class TargetImageGone(TidegateError):
    """The environment declares the release already, and its registry does not have the image."""

    code = "release/target-image-gone"


class TagMoved(Blocked):
    """A tag names another digest than the one that was recorded."""

    code = "release/tag-moved"


class CandidateMisnumbered(Blocked):
    """A candidate's number is not one that its image may have in the environment."""

    code = "release/candidate-misnumbered"


class ManifestRefused(Blocked):
    """A merge request's manifest can't be delivered as it stands."""

    code = "release/manifest-refused"


class LaneBroken(TidegateError):
    """The ImagePolicy of an automatic environment selects nothing or can't be read."""

    code = "release/lane-broken"


class PolicyMissing(UsageError):
    """There is no ImagePolicy where one is needed."""

    code = "release/policy-missing"


class BranchGone(Blocked):
    """An open merge request has no source branch any more."""

    code = "release/branch-gone"


class OutOfScope(Blocked):
    """A merge request changes files that lie outside the folders of the services that it moves."""

    code = "release/out-of-scope"


class MergedDifferently(TidegateError):
    """A merge made other bytes than were decided on: someone changed the file at the very same moment."""

    code = "release/merged-differently"


class DecisionOutdated(TidegateError):
    """What was decided on has changed before it was done. Look again."""

    code = "release/decision-outdated"
    retryable = True


class NotDelivered(Blocked):
    """A merge request was not delivered: its verdict says why."""

    code = "release/not-delivered"


class NothingToDeliver(UsageError):
    """The merge request moves no image of any service."""

    code = "release/nothing-to-deliver"


class StillWaiting(Pending):
    """The environment does not have the release yet."""

    code = "release/still-waiting"


class VersionTaken(TidegateError):
    """Other pipelines took the next version again and again."""

    code = "release/version-taken"
    retryable = True


class SourceUnknown(UsageError):
    """Nothing says where a service's application repository is."""

    code = "release/source-unknown"


class LineUnknown(UsageError):
    """A line of releases has no version and was not opened."""

    code = "release/line-unknown"


class LineNotOpenable(UsageError):
    """A minor or major release can't open that line."""

    code = "release/line-not-openable"


class VersionOriginUnknown(UsageError):
    """The newest version has no git tag: nothing says which commits came after it."""

    code = "release/version-origin-unknown"


class NoVersion(TidegateError):
    """The service, or the line, has no version yet."""

    code = "release/no-version"
