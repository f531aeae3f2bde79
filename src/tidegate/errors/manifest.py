"""Errors of YAML files and Flux manifests."""

from __future__ import annotations

from tidegate.errors import UsageError


class ManifestError(UsageError):
    """Something about a file's content: the root of these errors."""

    code = "manifest/wrong"


class InvalidYaml(ManifestError):
    """The file is not YAML."""

    code = "manifest/not-yaml"


class InvalidPath(ManifestError):
    """The text is not a path to a value in a YAML file."""

    code = "manifest/path"


class ManifestMissing(ManifestError):
    """There is no such file."""

    code = "manifest/missing"


class UnsafeEdit(ManifestError):
    """The edit can't be made without touching other bytes or guessing. Nothing was changed."""

    code = "manifest/unsafe-edit"


class YamlTooLarge(ManifestError):
    """The file is larger, deeper or expands further than any manifest does."""

    code = "manifest/too-large"


class NotHelmRelease(ManifestError):
    """The file holds no HelmRelease."""

    code = "manifest/not-helmrelease"


class SymbolicLink(ManifestError):
    """Where the HelmRelease should be is a symbolic link; links are not followed."""

    code = "manifest/symbolic-link"


class ImageNotFound(ManifestError):
    """The HelmRelease has no image of this service."""

    code = "manifest/image-not-found"


class ImageAmbiguous(ManifestError):
    """The HelmRelease names the service's image more than once, with different tags."""

    code = "manifest/image-ambiguous"


class InvalidPolicy(ManifestError):
    """An ImagePolicy that Flux would not accept."""

    code = "manifest/policy-invalid"


class RangeNotMovable(ManifestError):
    """A range is written in a style that can't be moved without changing its meaning."""

    code = "manifest/range-not-movable"


class InvalidRegexp(ManifestError):
    """A regular expression that Go, and so Flux, does not take."""

    code = "manifest/regexp-invalid"


class InvalidHold(ManifestError):
    """The annotation that remembers a hold is not as Tidegate wrote it, or the range is another one since."""

    code = "manifest/hold-invalid"
