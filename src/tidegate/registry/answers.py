"""What a registry's answers mean: statuses and error codes → errors.

Follows OCI distribution-spec v1.1, "Error Codes", and what registries do in fact: bodies that are no JSON, 404 with
a plain text.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from http import HTTPStatus
from math import ceil
from types import TracebackType
from typing import Final

from tidegate.errors import TidegateError
from tidegate.errors.http import ConnectionBroken, HostUnreachable, ProxyRefused, ResponseTooLarge
from tidegate.errors.registry import (
    BlobMissing,
    DigestMismatch,
    ManifestMissing,
    RegistryDenied,
    RegistryFailed,
    RegistryRefused,
    RegistryThrottled,
    RegistryUnreachable,
    RepositoryMissing,
    TagExists,
)
from tidegate.http import Origin, Request, Response, retry_after

BUSY: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
"""What a registry answers that has too much to do: the same request may do later."""
_ANOTHER_TIME: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY})
"""What says nothing of the request itself (RFC 9110, 15.5.9; RFC 8470, 5.2)."""
_LARGEST_ERROR: Final = 64 * 1024
_LONGEST_TEXT: Final = 200
_IMPLIED: Final = "latest"
"""The tag that an image without one means."""

_BY_CODE: Final[Mapping[str, type[TidegateError]]] = {
    "BLOB_UNKNOWN": BlobMissing,
    "BLOB_UPLOAD_UNKNOWN": RegistryFailed,  # the upload session is gone: a new one may work
    "DIGEST_INVALID": DigestMismatch,
    "MANIFEST_BLOB_UNKNOWN": BlobMissing,
    "MANIFEST_UNKNOWN": ManifestMissing,
    "NAME_UNKNOWN": RepositoryMissing,
}
_IMMUTABLE: Final = "immutab"
"""What registries whose tags do not move say in the text of a refusal; its code says something wider.

ECR: 400 TAG_INVALID "… cannot be overwritten because the tag is immutable". Harbor: 412 PRECONDITION "… configured as
immutable". Artifact Registry: 400 MANIFEST_INVALID "… has enabled tag immutability".
"""
_NOT_SEEN: Final = "was it pushed, and to this registry account?"
_HINTS: Final[Mapping[type[TidegateError], str]] = {
    BlobMissing: "push the image again: the registry has lost a part of it",
    DigestMismatch: "something changed the bytes on the way: try again; if it stays, look for a proxy in between",
    ManifestMissing: _NOT_SEEN,
    ProxyRefused: "it wants a user and a password, or others; they stand in HTTP_PROXY=http://USER:PASSWORD@HOST:PORT",
    RegistryDenied: (
        "these credentials may not do this here, or are too old (ECR): ask for the permission, or use others; "
        "`tidegate auth status` shows where they are from"
    ),
    RegistryRefused: "the registry's own words say why; its log may say more",
    RegistryFailed: "try again; if it stays, ask who runs the registry",
    RegistryThrottled: "try again later, or ask for a higher limit",
    RegistryUnreachable: "is the address right, the registry up and the network open?",
    TagExists: "this registry's tags do not move: promote under another version",
    RepositoryMissing: "create the repository; ECR's are made by create_repositories: true of the registry",
}

_LOST: Final = "the registry does not have what it took, or was said to have: try again; if it stays, ask who runs it"
"""The hint where a manifest is written: the image that it was read from has nothing to do with what is missing."""


def no_manifest(reference: str, repository: str, request: Request) -> ManifestMissing:
    """Return the error for a tag or digest that a repository does not have, as `request` found out."""
    from tidegate.model.image import is_tag, known_as  # noqa: PLC0415 - for what goes wrong only

    hint = _HINTS[ManifestMissing]
    if is_tag(reference):
        place = f"{known_as(Origin.of(request.url).authority)}/{repository}"
        hint = f"`tidegate image ls {place}` shows which tags there are"
        hint = f"an image without a tag means {_IMPLIED}; {hint}" if reference == _IMPLIED else f"{_NOT_SEEN} {hint}"
    return ManifestMissing(f"there is no {reference} in {repository}", where=str(request), hint=hint)


def failure(response: Response) -> TidegateError:
    """Return the error that `response`, which is not what was hoped for, stands for. Reads its body."""
    code, text = _said(response)
    kind = _kind(response.status, code, text)
    who = "proxy" if kind is ProxyRefused else "registry"
    what = f"the {who} answered {response.status}{f' {code}' if code else ''}{f': {text}' if text else ''}"
    where = str(response.request)
    if issubclass(kind, RegistryThrottled | RegistryFailed):
        wait = retry_after(response)
        return kind(what, where=where, hint=_in_seconds(wait, _HINTS[kind]), retry_after=wait)
    hint = _LOST if kind is BlobMissing and response.request.method == "PUT" else _HINTS.get(kind)
    return kind(what, where=where, hint=hint)


def _in_seconds(wait: float | None, hint: str) -> str:
    """Return `hint`, with how long the registry asks to wait: where that is too long for us, a person does."""
    if not wait:
        return hint
    from tidegate.counted import counted  # noqa: PLC0415 - for what goes wrong only

    return f"it asks to wait for {counted(ceil(wait), 'second')}; {hint}"


def _kind(status: int, code: str, text: str) -> type[TidegateError]:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return RegistryThrottled
    if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        return ProxyRefused
    if status in {HTTPStatus.BAD_REQUEST, HTTPStatus.PRECONDITION_FAILED} and _IMMUTABLE in text.lower():
        return TagExists
    if status == HTTPStatus.FORBIDDEN:
        return RegistryDenied
    if status in {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND} and code in _BY_CODE:
        return _BY_CODE[code]
    broken = status < HTTPStatus.BAD_REQUEST or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return RegistryFailed if broken or status in _ANOTHER_TIME else RegistryRefused


class _Unreachable:
    __slots__ = ()

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(value, ConnectionBroken | HostUnreachable):
            hint = value.hint or _HINTS[RegistryUnreachable]
            raise RegistryUnreachable(value.what, where=value.where, hint=hint) from value


_UNREACHABLE: Final = _Unreachable()


def unreachable() -> AbstractContextManager[None]:
    """Return a context that turns the transport's failures into the port's."""
    return _UNREACHABLE


def _said(response: Response) -> tuple[str, str]:
    """Return error code and text of an answer's body, both "" when it has none. Other than JSON is shown as text."""
    try:
        data = response.read(_LARGEST_ERROR)
    except (ConnectionBroken, ResponseTooLarge):
        return "", ""  # the status has been read: that is what counts
    import json  # noqa: PLC0415 - for what goes wrong only

    try:
        document: object = json.loads(data)
    except (ValueError, RecursionError):
        return "", _printable(data.decode(errors="replace")) if _is_plain(response, data) else ""
    errors = document.get("errors") if isinstance(document, dict) else None
    first: object = errors[0] if isinstance(errors, list) and errors else None
    if not isinstance(first, dict):
        return "", ""
    code, message = first.get("code"), first.get("message")
    return _printable(code) if isinstance(code, str) else "", _printable(message) if isinstance(message, str) else ""


def _is_plain(response: Response, data: bytes) -> bool:
    """Return whether a body is plain text. Go's server, asked for plain HTTP where it speaks TLS, says no type."""
    kind = response.header("Content-Type")
    return kind.startswith("text/plain") if kind else not data.lstrip().startswith((b"<", b"{", b"["))


def _printable(text: str) -> str:
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())[:_LONGEST_TEXT]
