"""One HTTP proxy, as an environment variable names it."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import unquote, urlsplit

from tidegate.errors.http import InvalidUrl
from tidegate.http.url import Origin

SPELLING: Final = "write http://[USER:PASSWORD@]HOST[:PORT]; what is no letter or digit in a password as %XX"


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
            raise InvalidUrl("only http proxies are supported", where=str(origin), hint=SPELLING)
        parts = urlsplit(url)
        if parts.username is None:
            return cls(origin)
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        return cls(origin, f"Basic {base64.b64encode(pair.encode()).decode()}")
