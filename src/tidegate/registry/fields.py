"""What the header fields of a registry's answers tell."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

from tidegate.errors.model import InvalidDigest
from tidegate.errors.registry import RegistryFailed
from tidegate.http import Response
from tidegate.http.url import resolve
from tidegate.model.digest import Digest
from tidegate.model.manifest import MANIFEST_TYPES, Descriptor

_NEXT: Final = re.compile(r"<([^<>]*)>\s*;[^,]*\brel\s*=\s*\"?next\b", re.IGNORECASE)


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
    """Return what a HEAD tells of a manifest; None when a field is missing or can't be right."""
    digest, size = digest_in(response.header("Docker-Content-Digest")), response.header("Content-Length") or ""
    media_type = content_type(response)
    if response.status != HTTPStatus.OK or digest is None or not size.isdecimal() or media_type not in MANIFEST_TYPES:
        return None
    return Descriptor(media_type, digest, int(size))


def upload_location(response: Response) -> str:
    """Return where an upload goes on, with its query; the registry may say so absolutely or relatively.

    Raises:
        RegistryFailed: it does not say.
    """
    location = response.header("Location")
    if not location:
        raise RegistryFailed("the registry began an upload and does not say where", where=str(response.request))
    return resolve(response.request.url, location)


def next_page(response: Response) -> str | None:
    """Return the address of the next page as the Link field has it (absolute or relative), or None."""
    matches = (_NEXT.search(field) for field in response.headers("Link"))
    return next((match[1] for match in matches if match), None)


def retry_after(response: Response) -> float | None:
    """Return the seconds that Retry-After asks for (a date counts from the answer's own Date), or None."""
    text = (response.header("Retry-After") or "").strip()
    if re.fullmatch(r"[0-9]{1,6}", text, re.ASCII):
        return float(text)
    try:
        then, now = parsedate_to_datetime(text), parsedate_to_datetime(response.header("Date") or "")
        return max(0.0, (then - now).total_seconds())
    except (ValueError, TypeError):
        return None
