"""Link-local addresses are known in every spelling, by themselves and inside of others; ordinary ones never are."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from tidegate.http.addresses import is_link_local

LINK_LOCAL = st.integers(0xA9FE0000, 0xA9FEFFFF).map(IPv4Address)
ORDINARY = st.integers(0x0B000000, 0x63FFFFFF).map(IPv4Address)
"""From 11.0.0.0 to 99.255.255.255."""
BEFORE_THE_LAST_FOUR: Final = (
    *("::", "::ffff:0:0", "::ffff:0:0:0", "64:ff9b::", "64:ff9b:1::", "64:ff9b:1:a:b:c::"),
    *("2001:db8::5efe:0:0", "2001:db8::200:5efe:0:0"),
)
TRANSLATED: Final = ((6, 7, 9, 10), (7, 9, 10, 11), (9, 10, 11, 12))


@st.composite
def numbers(draw: st.DrawFn, addresses: st.SearchStrategy[IPv4Address]) -> str:
    """Draw an IPv4 address in one to four parts, each decimal, octal or hexadecimal."""
    value, parts = int(draw(addresses)), draw(st.integers(1, 4))
    shown = [value >> 24, value >> 16 & 255, value >> 8 & 255][: parts - 1]
    shown.append(value & (1 << 8 * (5 - parts)) - 1)
    forms = st.sampled_from(["{}", "0{:o}", "000{:o}", "0x{:x}", "0X{:X}", "0x00{:x}"])
    return ".".join(draw(forms).format(part) for part in shown)


@st.composite
def carried(draw: st.DrawFn, addresses: st.SearchStrategy[IPv4Address]) -> str:
    """Draw an IPv6 address that is translated, or tunnelled, to an IPv4 one."""
    inner = draw(addresses)
    ways = [int(IPv6Address(prefix)) | int(inner) for prefix in BEFORE_THE_LAST_FOUR]
    ways.append(0x2002 << 112 | int(inner) << 80 | draw(st.integers(0, 0xFFFF)))
    ways.append(0x20010000 << 96 | int(inner) << 64 | 0xFFFFFFFF ^ int(draw(ORDINARY)))
    ways.append(0x20010000 << 96 | int(draw(ORDINARY)) << 64 | 0xFFFFFFFF ^ int(inner))
    for places in TRANSLATED:
        packed = bytearray(IPv6Address("64:ff9b:1::").packed)
        for place, byte in zip(places, inner.packed, strict=True):
            packed[place] = byte
        ways.append(int.from_bytes(packed))
    address = IPv6Address(draw(st.sampled_from(ways)))
    return draw(st.sampled_from([str(address), str(address).upper(), address.exploded]))


@given(numbers(LINK_LOCAL) | carried(LINK_LOCAL))
def test_what_leads_to_a_link_local_address_counts_as_one(address: str) -> None:
    assert is_link_local(address)


@given(numbers(ORDINARY) | carried(ORDINARY))
def test_what_leads_elsewhere_does_not(address: str) -> None:
    assert not is_link_local(address)
