"""Which proxy a request goes through. Follows golang.org/x/net/http/httpproxy, which registries' other tools use."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import unquote, urlsplit

from tidegate.errors.http import InvalidUrl
from tidegate.http.url import Origin


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy.

    Args:
        origin: where it listens.
        authorization: value of Proxy-Authorization, or None.
    """

    origin: Origin
    authorization: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the proxy at `text`: `[http://][user:password@]host[:port]`.

        Raises:
            InvalidUrl: anything else; an https or SOCKS proxy is not supported.
        """
        url = text if "://" in text else f"http://{text}"
        origin = Origin.of(url)
        if origin.scheme != "http":
            raise InvalidUrl("only http proxies are supported", where=str(origin), hint="http://proxy.example.com:3128")
        parts = urlsplit(url)
        if parts.username is None:
            return cls(origin)
        import base64  # noqa: PLC0415 - few proxies want a password

        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        return cls(origin, f"Basic {base64.b64encode(pair.encode()).decode()}")


@dataclass(frozen=True, slots=True)
class Proxies:
    """The proxies of an environment.

    Args:
        http: for http URLs, or None.
        https: for https URLs, or None.
        exempt: entries of NO_PROXY: `*`, a host, `.domain`, `host:port`, an address or a network.
    """

    http: Proxy | None = None
    https: Proxy | None = None
    exempt: tuple[str, ...] = ()

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self:
        """Return what HTTP_PROXY, HTTPS_PROXY and NO_PROXY (upper or lower case) say."""

        def value(name: str) -> str:
            return environment.get(name) or environment.get(name.lower()) or ""

        http, https = value("HTTP_PROXY"), value("HTTPS_PROXY")
        exempt = tuple(entry.strip().lower() for entry in value("NO_PROXY").split(",") if entry.strip())
        return cls(Proxy.parse(http) if http else None, Proxy.parse(https) if https else None, exempt)

    def find(self, origin: Origin) -> Proxy | None:
        """Return the proxy for requests to `origin`, or None. Loopback is never asked through a proxy."""
        proxy = self.https if origin.scheme == "https" else self.http
        if proxy is None or _is_loopback(origin.host) or any(_covers(entry, origin) for entry in self.exempt):
            return None
        return proxy


def _is_loopback(host: str) -> bool:
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def _covers(entry: str, origin: Origin) -> bool:
    if entry in {"*", origin.host, f"{origin.host}:{origin.port}"}:
        return True
    address = _address(origin.host)
    if address is None:
        domain = entry.removeprefix("*").removeprefix(".")
        return bool(domain) and origin.host.endswith(f".{domain}")
    try:
        return address in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return False


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
