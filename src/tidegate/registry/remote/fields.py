"""What a registry's answers tell of what they bring."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from tidegate.errors.model import InvalidDigest
from tidegate.errors.registry import RegistryFailed
from tidegate.http import Response
from tidegate.http.url import resolve
from tidegate.model.digest import Digest
from tidegate.model.manifest import MANIFEST_TYPES, Descriptor, json_object

_ALGORITHM: Final = "sha256"
"""What `Manifest.digest` is made by."""


def digest_in(text: str | None) -> Digest | None:
    """Return the digest that `text` spells, or None when it is none."""
    try:
        return Digest.parse(text or "")
    except InvalidDigest:
        return None


def content_type(response: Response) -> str:
    """Return the media type without its parameters; "" when the answer has none."""
    return (response.header("Content-Type") or "").partition(";")[0].strip()


def descriptor(response: Response) -> Descriptor | None:
    """Return what a HEAD tells of a manifest; None when a field is missing, can't be right, or can't be compared.

    Only one algorithm's digests can: by another one, what two registries have would never be the same.
    """
    digest, size = digest_in(response.header("Docker-Content-Digest")), response.header("Content-Length") or ""
    media_type = content_type(response)
    if response.status != HTTPStatus.OK or digest is None or digest.algorithm != _ALGORITHM:
        return None
    if not size.isdecimal() or media_type not in MANIFEST_TYPES:
        return None
    return Descriptor(media_type, digest, int(size))


def is_manifest(said: str, data: bytes) -> bool:
    """Return whether an answer is a manifest of any kind, old ones too, and not a page in its place.

    Args:
        said: the media type that the answer was sent as.
        data: its body.
    """
    if said in MANIFEST_TYPES or said.startswith("application/vnd."):
        return True
    document = json_object(data)
    return document is not None and ("schemaVersion" in document or "mediaType" in document)


def upload_location(response: Response) -> str:
    """Return where an upload goes on, with its query; the registry may say so absolutely or relatively.

    Raises:
        RegistryFailed: it does not say.
    """
    location = response.header("Location")
    if not location:
        raise RegistryFailed("the registry began an upload and does not say where", where=str(response.request))
    return resolve(response.request.url, location, response.request.allowed)
