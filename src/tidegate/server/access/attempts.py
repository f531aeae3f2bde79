"""Attempts: how often somebody at one address may fail to prove who they are."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Final

from tidegate.errors.server import TooManyAttempts

_BURST: Final = 10.0
_SECONDS_EACH: Final = 6.0
_MOST_ADDRESSES: Final = 10_000
_NETWORK_BITS: Final = 64
"""What one site has of IPv6 at least (RFC 6177): who could take another address each time would have no limit."""


class Attempts:
    """A bucket of ten failures for each address, into which one comes every six seconds. Safe for many threads.

    IPv6 addresses of one /64 are one.

    Args:
        monotonic: seconds that only grow.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = Lock()
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # what was left, and when

    def count(self, address: str) -> None:
        """Count an attempt that has failed, and return. What succeeds is not held up by others at the same address.

        Raises:
            TooManyAttempts: there were too many.
        """
        with self._lock:
            bucket = _bucket(address)
            left = self._some(bucket)
            self._left[bucket] = (left - 1, self._monotonic())
            self._left.move_to_end(bucket)
            if len(self._left) > _MOST_ADDRESSES:
                self._left.popitem(last=False)

    def check(self, address: str) -> None:
        """Return if another attempt may be made, before one that costs others something: counting comes after it.

        Raises:
            TooManyAttempts: there were too many that failed.
        """
        with self._lock:
            self._some(_bucket(address))

    def _some(self, bucket: str) -> float:
        left = self._now(bucket)
        if left < 1:
            raise TooManyAttempts("there were too many attempts", hint=f"wait {_SECONDS_EACH:.0f} seconds")
        return left

    def _now(self, bucket: str) -> float:
        left, at = self._left.get(bucket, (_BURST, 0.0))
        return min(_BURST, left + (self._monotonic() - at) / _SECONDS_EACH)


def _bucket(address: str) -> str:
    """Return what `address` is counted under; what is no IP address, under itself."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed, _NETWORK_BITS), strict=False))
