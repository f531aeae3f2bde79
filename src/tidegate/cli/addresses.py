"""`HOST:PORT`: where to answer requests."""

from __future__ import annotations

import re
from typing import Final

_PORT: Final = re.compile(r"[0-9]{1,5}")
_HIGHEST_PORT: Final = 65535


def address(text: str, option: str) -> tuple[str, int]:
    """Return host and port of `HOST:PORT`; an IPv6 address stands in brackets.

    Args:
        text: what was given.
        option: to what, e.g. `--listen`.

    Raises:
        InvalidListen: it is not that.
    """
    from tidegate.errors.server import InvalidListen

    host, _, port = text.rpartition(":")
    if not host or not _PORT.fullmatch(port) or int(port) > _HIGHEST_PORT:
        raise InvalidListen(f"{text[:80]!r} is not HOST:PORT", where=option, hint=f"e.g. {option} 127.0.0.1:8080")
    return host.removeprefix("[").removesuffix("]"), int(port)
