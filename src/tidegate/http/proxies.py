"""Which proxy a request goes through. Follows golang.org/x/net/http/httpproxy, which registries' other tools use."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from tidegate.errors.http import InvalidUrl
from tidegate.http.url import Origin

if TYPE_CHECKING:
    from tidegate.http.proxy import Proxy

_WITH_PORT: Final = r"(\[[^]]*\]|[^:]*):([0-9]{1,5})"


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
        """Return what HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY (upper or lower case) say.

        ALL_PROXY holds for a scheme that has no proxy of its own, as for curl and git. It often names a SOCKS proxy,
        for other programs: that one is passed over.

        Raises:
            InvalidUrl: HTTP_PROXY or HTTPS_PROXY names no http proxy.
        """
        both = next((text for name in ("ALL_PROXY", "all_proxy") if _is_http(text := environment.get(name, ""))), "")
        exempt = environment.get("NO_PROXY") or environment.get("no_proxy") or ""
        return cls(
            _named(environment, "HTTP_PROXY", both),
            _named(environment, "HTTPS_PROXY", both),
            tuple(entry.strip().lower() for entry in exempt.split(",") if entry.strip()),
        )

    def find(self, origin: Origin) -> Proxy | None:
        """Return the proxy for requests to `origin`, or None. Loopback is never asked through a proxy."""
        proxy = self.https if origin.scheme == "https" else self.http
        if proxy is None or _is_loopback(origin.host) or any(_covers(entry, origin) for entry in self.exempt):
            return None
        return proxy


def _named(environment: Mapping[str, str], name: str, otherwise: str) -> Proxy | None:
    name = name if environment.get(name) else name.lower()
    text = environment.get(name) or otherwise
    if not text:
        return None
    from tidegate.http.proxy import SPELLING, Proxy  # noqa: PLC0415 - most environments have none

    try:
        return Proxy.parse(text)
    except InvalidUrl:  # its text may hold a password
        name = name if environment.get(name) else "ALL_PROXY"
        raise InvalidUrl(f"{name} is not the address of an http proxy", hint=SPELLING) from None


def _is_http(text: str) -> bool:
    return bool(text) and (text.lower().startswith("http://") or "://" not in text)


def _is_loopback(host: str) -> bool:
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def _covers(entry: str, origin: Origin) -> bool:
    if entry == "*":
        return True
    with_port = re.fullmatch(_WITH_PORT, entry)
    name = with_port[1] if with_port else entry
    if with_port and int(with_port[2]) != origin.port:
        return False
    address = _address(origin.host)
    if address is None:
        domain = name.removeprefix("*").removeprefix(".")
        return name == origin.host or (bool(domain) and origin.host.endswith(f".{domain}"))
    try:
        return address in ipaddress.ip_network(name.strip("[]"), strict=False)
    except ValueError:
        return False


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
