"""Errors of YAML files and Flux manifests."""

from __future__ import annotations

from tidegate.errors import UsageError


class InvalidYaml(UsageError):
    """The file is not YAML."""

    code = "manifest/not-yaml"


class InvalidPath(UsageError):
    """The text is not a path to a value in a YAML file."""

    code = "manifest/path"


class ManifestMissing(UsageError):
    """There is no such file."""

    code = "manifest/missing"


class UnsafeEdit(UsageError):
    """The edit can't be made without touching other bytes or guessing. Nothing was changed."""

    code = "manifest/unsafe-edit"


class YamlTooLarge(UsageError):
    """The file is larger, deeper or expands further than any manifest does."""

    code = "manifest/too-large"


class NotHelmRelease(UsageError):
    """The file holds no HelmRelease."""

    code = "manifest/not-helmrelease"


class ImageNotFound(UsageError):
    """The HelmRelease has no image of this service."""

    code = "manifest/image-not-found"


class ImageAmbiguous(UsageError):
    """The HelmRelease names the service's image more than once, with different tags."""

    code = "manifest/image-ambiguous"


class InvalidPolicy(UsageError):
    """An ImagePolicy that Flux would not accept."""

    code = "manifest/policy-invalid"


class RangeNotMovable(UsageError):
    """A range is written in a style that can't be moved without changing its meaning."""

    code = "manifest/range-not-movable"


class InvalidRegexp(UsageError):
    """A regular expression that Go, and so Flux, does not take."""

    code = "manifest/regexp-invalid"


class InvalidHold(UsageError):
    """The annotation that remembers a hold is not as Tidegate wrote it, or the range is another one since."""

    code = "manifest/hold-invalid"
