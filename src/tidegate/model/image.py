"""ImageRef: the full reference grammar, as in github.com/distribution/reference `reference.go` and `normalize.go`."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from tidegate.errors.model import InvalidDigest, InvalidImageRef
from tidegate.model.digest import Digest

_REPOSITORY: Final = re.compile(r"[a-z0-9]+(?:(?:[/._]|__|-+)[a-z0-9]+)*")
"""reference.go's path components and what joins them, in one: a slash is a separator like the others."""
_HOST: Final = re.compile(r"(?:[a-zA-Z0-9]+(?:(?:\.|-+)[a-zA-Z0-9]+)*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?")
"""Its domain components likewise, an IPv6 address, and a port."""
_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_LONGEST_REPOSITORY: Final = 255
_LONGEST_TEXT: Final = 1024
_WHOLE: Final = "HOST[:PORT]/REPOSITORY[:TAG][@DIGEST], e.g. registry.example.com/team/app:1.0.0"

DOCKER_HUB: Final = "docker.io"
DOCKER_HUB_HOST: Final = "registry-1.docker.io"
"""Where Docker Hub answers."""
_DOCKER_HUB_NAMES: Final = frozenset({DOCKER_HUB, "index.docker.io", DOCKER_HUB_HOST})


def known_as(host: str) -> str:
    """Return what image references call the registry at `host`: `host`, but Docker Hub has three names and is one."""
    return DOCKER_HUB if host.lower() in _DOCKER_HUB_NAMES else host


def is_tag(text: str) -> bool:
    """Return whether a registry would take `text` as a tag (OCI distribution-spec, 'Pulling manifests')."""
    return bool(_TAG.fullmatch(text))


def is_repository(text: str) -> bool:
    """Return whether a registry would take `text` as a repository name."""
    return len(text) <= _LONGEST_REPOSITORY and bool(_REPOSITORY.fullmatch(text))


def is_host(text: str) -> bool:
    """Return whether `text` is a registry host, with or without a port."""
    return bool(_HOST.fullmatch(text))


@dataclass(frozen=True, slots=True)
class ImageRef:
    """Which image: `host/repository[:tag][@digest]`.

    Docker Hub's names are normalised: `nginx` and `index.docker.io/nginx` are `docker.io/library/nginx`.

    Args:
        host: registry host with its port, e.g. `127.0.0.1:5000`.
        repository: path below the host, e.g. `team/inventory`.
        tag: tag, or None.
        digest: digest, or None. With both, the digest decides what is pulled.
    """

    host: str
    repository: str
    tag: str | None = None
    digest: Digest | None = None

    @classmethod
    def parse(cls, text: str) -> ImageRef:
        """Return the reference that `text` spells.

        Raises:
            InvalidImageRef: `text` breaks the grammar; the message says which part.
        """
        if len(text) > _LONGEST_TEXT:
            raise InvalidImageRef(f"an image reference of {len(text)} characters is too long", hint=_WHOLE)
        name, digest = _split_digest(text)
        name, tag = _split_tag(name)
        host, repository = _split_host(name)
        if not _HOST.fullmatch(host):
            raise InvalidImageRef(f"{host!r} in {text!r} is not a registry host", hint=_WHOLE)
        if not is_repository(repository):
            written = repository if repository in text else repository.removeprefix("library/")
            raise InvalidImageRef(
                f"{written!r} in {text!r} is not a repository name",
                hint="lower-case letters, digits and single . _ - between them, parts divided by /",
            )
        if tag is not None and not is_tag(tag):
            hint = "letters, digits, _ . - and at most 128 of them, the first no . or -"
            raise InvalidImageRef(f"{tag!r} in {text!r} is not a tag", hint=hint)
        return cls(host, repository, tag, digest)

    @property
    def name(self) -> str:
        """`host/repository`, without tag and digest."""
        return f"{self.host}/{self.repository}"

    def with_tag(self, tag: str) -> ImageRef:
        """Return the same repository at `tag`, without a digest."""
        return replace(self, tag=tag, digest=None)

    def with_digest(self, digest: Digest) -> ImageRef:
        """Return the same reference, pinned to `digest`."""
        return replace(self, digest=digest)

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.name}{tag}{digest}"


def _split_digest(text: str) -> tuple[str, Digest | None]:
    name, at, digest = text.partition("@")
    if not at:
        return name, None
    try:
        return name, Digest.parse(digest)
    except InvalidDigest as error:
        raise InvalidImageRef(f"{digest!r} in {text!r} is not a digest", hint=error.hint) from error


def _split_tag(name: str) -> tuple[str, str | None]:
    head, colon, tail = name.rpartition(":")
    if not colon or "/" in tail:
        return name, None
    return head, tail


def looks_like_host(text: str) -> bool:
    """Return whether `text`, before the first slash of a reference, is a host and not a part of the repository.

    Follows distribution's `reference/normalize.go`, splitDockerDomain.
    """
    return any(mark in text for mark in ".:") or text == "localhost" or text.lower() != text


def _split_host(name: str) -> tuple[str, str]:
    first, slash, rest = name.partition("/")
    if not slash or not looks_like_host(first):
        return DOCKER_HUB, name if slash else f"library/{name}"
    host = known_as(first)
    return host, rest if host != DOCKER_HUB or "/" in rest else f"library/{rest}"
