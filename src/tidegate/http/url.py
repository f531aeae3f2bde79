"""URLs as far as a client needs them: where a connection goes, and where a server may send us."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import urljoin

from tidegate.errors.http import AddressRefused, InvalidUrl
from tidegate.http.addresses import is_link_local

_PORTS: Final = {"http": 80, "https": 443}
_HIGHEST_PORT: Final = 65535
_PARTS: Final = re.compile(
    r"([A-Za-z][A-Za-z0-9+.-]*)://(?:[^/?# ]*@)?(\[[0-9A-Fa-f:.]+\]|[^]/?#@:[ .][^]/?#@:[ ]*)(?::([0-9]{0,9}))?"
    r"(/[^?# ]*)?(\?[^# ]*)?(?:#[^ ]*)?"
)
"""Scheme, host, port, path, and query with its mark; what is before @ and behind # is not for a request line."""
_BEHIND_A_PROXY: Final = (
    "the server does not know that it is asked by https: set its external address there, or have the proxy before it "
    "send X-Forwarded-Proto"
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a connection goes.

    Args:
        scheme: `http` or `https`.
        host: lower-case name or address, an IPv6 address without brackets.
        port: port.
    """

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Origin:
        """Return the origin of `url`.

        Raises:
            InvalidUrl: not an absolute http or https URL.
        """
        return _read(url).origin

    @property
    def authority(self) -> str:
        """`host:port`, as a URL has it; the scheme's own port is left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"


def target(url: str) -> str:
    """Return path and query of `url`, as the request line has them."""
    return _read(url).target


def without_secrets(url: str) -> str:
    """Return `url` without user, password, query and fragment: what may be shown and logged."""
    parts = _read(url)
    return f"{parts.origin}{parts.path}"


def resolve(base: str, location: str, allowed: frozenset[Origin] = frozenset()) -> str:
    """Return the URL that a server's `Location` (absolute or relative, with its query) means at `base`.

    It has no fragment: whoever adds to the query would add to that instead, and nothing of it is sent.

    Raises:
        AddressRefused: it leads nowhere; or from https to http, or to a link-local address, and not to one of
            `allowed`.
    """
    here = Origin.of(base)
    try:
        url = (location if _PARTS.fullmatch(location) else urljoin(base, location)).partition("#")[0]
        there = Origin.of(url)
    except (ValueError, InvalidUrl) as error:  # nothing that the caller wrote: it is told which request led there
        raise AddressRefused(
            "the server points to something that is no http or https URL",
            where=without_secrets(base),
            hint="ask who runs this server, or what stands before it",
        ) from error
    if there in allowed:
        return url
    if here.scheme == "https" and there.scheme != "https":
        same = there.host == here.host
        raise AddressRefused(
            f"the server points from https to {there}",
            where=without_secrets(base),
            hint=_BEHIND_A_PROXY if same else "what is read there may be changed on the way; ask who runs this server",
        )
    if there.host != here.host and is_link_local(there.host):
        raise AddressRefused(
            f"the server points to {there}, an address of its own network",
            where=without_secrets(base),
            hint="such addresses serve machine credentials; ask who runs this server",
        )
    return url


class _Url(NamedTuple):
    origin: Origin
    path: str
    target: str


@functools.lru_cache(maxsize=256)
def _read(url: str) -> _Url:
    """Return the parts of `url` (RFC 3986, 3). One request asks for them several times."""
    parts = _PARTS.fullmatch(url)
    scheme, host, port, path, query = parts.groups("") if parts else ("", "", "", "", "")
    scheme = scheme.lower()
    number = int(port) if port else _PORTS.get(scheme, 0)
    if not url.isascii() or not url.isprintable() or scheme not in _PORTS or not 0 < number <= _HIGHEST_PORT:
        shown = f"{scheme}://{host}"[:200] if host.isprintable() and host else None
        if port and scheme in _PORTS and not 0 < number <= _HIGHEST_PORT:
            raise InvalidUrl(f"{port} is no port", where=shown, hint=f"a port is a number from 1 to {_HIGHEST_PORT}")
        raise InvalidUrl("this is not an http or https URL", where=shown, hint="https://host[:port]/path")
    return _Url(Origin(scheme, host.lower().strip("[]"), number), path, f"{path or '/'}{query}")
