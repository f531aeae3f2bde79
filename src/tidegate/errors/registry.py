"""Errors of registries and images."""

from __future__ import annotations

from tidegate.errors import AuthenticationError, TidegateError, UsageError
from tidegate.errors.http import ServerBusy


class RegistryUnreachable(TidegateError):
    """No connection, or it broke. A retry may help."""

    code = "registry/unreachable"
    retryable = True


class RegistryThrottled(ServerBusy):
    """429: too many requests, even after waiting as the registry asked."""

    code = "registry/throttled"


class RegistryFailed(ServerBusy):
    """5xx, or an answer that breaks the protocol."""

    code = "registry/failed"


class RegistryRefused(TidegateError):
    """The registry understood the request and refused it: another attempt gets the same answer."""

    code = "registry/refused"


class RegistryUnauthorized(AuthenticationError):
    """No credentials, or wrong ones."""

    code = "registry/unauthorized"


class RegistryDenied(AuthenticationError):
    """The credentials are valid and may not do this."""

    code = "registry/denied"


class CredentialsUnreadable(AuthenticationError):
    """The place where credentials are kept can't be read: Docker's config file or a credential helper."""

    code = "registry/credentials-unreadable"


class EndpointInvalid(UsageError):
    """The endpoint of a registry account is neither a URL nor an image-layout folder."""

    code = "registry/endpoint-invalid"


class RepositoryMissing(TidegateError):
    """The registry has no such repository, and does not create one on a push."""

    code = "registry/repository-missing"


class HostNotConfigured(UsageError):
    """An image names a host that is no configured registry account."""

    code = "registry/host-not-configured"


class ManifestMissing(TidegateError):
    """No such tag or digest."""

    code = "registry/manifest-missing"


class BlobMissing(TidegateError):
    """A blob that a manifest refers to is not there."""

    code = "registry/blob-missing"


class DigestMismatch(TidegateError):
    """The bytes are not what the digest says. Nothing that was received is kept."""

    code = "registry/digest-mismatch"
    retryable = True


class FileDamaged(DigestMismatch):
    """A file of an image layout has other bytes than its digest says. Reading it again gives the same."""

    code = "registry/file-damaged"
    retryable = False


class ManifestInvalid(TidegateError):
    """A manifest can't be read, is too large, or refers to itself."""

    code = "registry/manifest-invalid"


class NotAManifest(TidegateError):
    """The answer is no manifest but a page, a proxy's perhaps. Another attempt gets the same."""

    code = "registry/not-a-manifest"


class TagExists(TidegateError):
    """A release tag exists with another digest. It is never overwritten."""

    code = "registry/tag-exists"


class DeletionUnsupported(TidegateError):
    """The registry does not delete what it was asked to delete."""

    code = "registry/deletion-unsupported"


class LayoutInvalid(UsageError):
    """A folder is not an OCI image layout."""

    code = "registry/layout-invalid"


class FolderTaken(UsageError):
    """A folder that is no image layout has other files in it: nothing is written between them."""

    code = "registry/folder-taken"


class FolderMissing(TidegateError):
    """The folder of a registry account is not there: perhaps a volume that is not mounted."""

    code = "registry/folder-missing"


class FolderFailed(TidegateError):
    """The system refused something in the folder of a registry account: a full disk, no rights, a file in its place."""

    code = "registry/folder-failed"
