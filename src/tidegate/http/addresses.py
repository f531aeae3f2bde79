"""Addresses that are one machine's own: link-local ones, and those at which clouds hand out machines' credentials."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from typing import Final

_IN_THE_LAST_FOUR: Final = frozenset(
    {
        bytes(12),  # ::a.b.c.d (RFC 4291, 2.5.5.1)
        bytes(10) + b"\xff\xff",  # ::ffff:a.b.c.d (2.5.5.2)
        bytes(8) + b"\xff\xff\0\0",  # ::ffff:0:a.b.c.d (RFC 2765, 2.1)
        b"\0\x64\xff\x9b" + bytes(8),  # 64:ff9b::a.b.c.d (RFC 6052, 2.1)
    }
)
"""What stands before an IPv4 address."""
_LOCAL_TRANSLATION: Final = b"\0\x64\xff\x9b\0\1"
"""64:ff9b:1::/48, of which an operator takes a part (RFC 8215); where the IPv4 address stands depends on its length."""
_TRANSLATED_AT: Final = ((6, 7, 9, 10), (7, 9, 10, 11), (9, 10, 11, 12), (12, 13, 14, 15))
"""The bytes of the IPv4 address for prefixes of 48, 56, 64 and 96 bits (RFC 6052, 2.2)."""
_ISATAP: Final = frozenset({b"\0\0\x5e\xfe", b"\2\0\x5e\xfe"})
"""What stands before the IPv4 address in an interface's identifier (RFC 5214, 6.1)."""

_METADATA: Final = tuple(
    ipaddress.ip_network(address)
    for address in ("fd00:ec2::/32", "fd20:ce::254", "fd00:c1::a9fe:a9fe", "100.100.100.200", "168.63.129.16")
)
"""Of AWS, Google, Oracle, Alibaba and Azure."""


def is_link_local(address: str) -> bool:
    """Return whether `address` is a number, not a name, and leads to a link-local address or a cloud's metadata.

    A number may be spelled in every way that the system's resolver takes: `2852039166`, `0xa9.0376.43518`; and an IPv4
    address may stand in an IPv6 one that is translated, or tunnelled, to it. Which networks a NAT64 of its own prefix
    translates can't be told from the number.

    Some clouds serve metadata at addresses that are not link-local by their numbers, e.g. AWS at fd00:ec2::254 (a
    machine's) and fd00:ec2::23 (a pod's). They count for the reason for which link-local ones do: whoever asks there
    is given the credentials of the machine that asks, and no registry lives there. Other unique local addresses
    (RFC 4193) don't: they are of private networks, where registries do live.
    """
    number = _number(address.partition("%")[0].removesuffix("."))
    if isinstance(number, IPv6Address):
        return _serves_machines(number) or any(_serves_machines(each) for each in _inner(number.packed))
    return number is not None and _serves_machines(number)


def _number(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return IPv6Address(text) if ":" in text else IPv4Address(socket.inet_aton(text))
    except (ValueError, OSError):
        return None


def _serves_machines(number: IPv4Address | IPv6Address) -> bool:
    return number.is_link_local or any(number in network for network in _METADATA)


def _inner(packed: bytes) -> Iterator[IPv4Address]:
    """Yield the IPv4 addresses that an IPv6 one may lead to."""
    if packed[:12] in _IN_THE_LAST_FOUR or packed[8:12] in _ISATAP:
        yield IPv4Address(packed[12:])
    if packed.startswith(_LOCAL_TRANSLATION):
        for places in _TRANSLATED_AT:
            yield IPv4Address(bytes(packed[place] for place in places))
    if packed.startswith(b"\x20\x02"):  # 6to4 (RFC 3056, 2)
        yield IPv4Address(packed[2:6])
    if packed.startswith(b"\x20\x01\0\0"):  # Teredo: a server, and a client's inverted (RFC 4380, 4)
        yield IPv4Address(packed[4:8])
        yield IPv4Address(bytes(each ^ 0xFF for each in packed[12:]))
