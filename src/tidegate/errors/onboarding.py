"""Errors of `tidegate init`."""

from __future__ import annotations

from tidegate.errors import TidegateError, UsageError


class NothingSeen(UsageError):
    """The repositories hold no HelmRelease that tells where a service is deployed."""

    code = "init/nothing-seen"


class SpotsAlike(UsageError):
    """Two places look like the same environment."""

    code = "init/spots-alike"


class ForgesDiffer(UsageError):
    """The repositories are not all on one forge."""

    code = "init/forges-differ"


class Unanswered(UsageError):
    """Something that the repositories don't show was not said, and there is nobody to ask."""

    code = "init/unanswered"


class AnswerUnknown(UsageError):
    """An answer is about an environment, a registry or a place that the proposal does not have."""

    code = "init/answer-unknown"


class FileExists(TidegateError):
    """A file that would be written is there already, and says something else."""

    code = "init/file-exists"
