"""What header fields tell that servers of every kind send."""

from __future__ import annotations

import re
from typing import Final

from tidegate.http.messages import Response

_LINK: Final = r"<([^<>]*)>\s*;((?:[^,<\"\\]|\"(?:[^\"\\]|\\.)*\")*)"
_IS_NEXT: Final = r"\brel\s*=\s*(?:next\b|\"(?:[^\"]*\s)?next[\s\"])"
"""Both are compiled when they are first used: most commands read one page, if any."""


def next_link(response: Response) -> str | None:
    """Return the address of the next page as Link has it (RFC 8288; absolute or relative), or None.

    A link may have several relations; a comma in quotes ends none.
    """
    links = (link for field in response.headers("Link") for link in re.finditer(_LINK, field))
    return next((link[1] for link in links if re.search(_IS_NEXT, link[2], re.IGNORECASE)), None)


def retry_after(response: Response) -> float | None:
    """Return the seconds that Retry-After asks for (RFC 9110, 10.2.3), or None.

    A date counts from the answer's own Date: clocks differ.
    """
    text = (response.header("Retry-After") or "").strip()
    if re.fullmatch(r"[0-9]{1,6}", text, re.ASCII):
        return float(text)
    then, now = _seconds(text), served_at(response)
    return None if then is None or now is None else max(0.0, then - now)


def served_at(response: Response) -> float | None:
    """Return when the server says that it answered, in seconds since the epoch, or None."""
    return _seconds(response.header("Date") or "")


def _seconds(date: str) -> float | None:
    if not date:
        return None
    from datetime import UTC  # noqa: PLC0415 - few answers need it, and it takes a while
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - likewise

    try:
        then = parsedate_to_datetime(date)
        # A date without a zone, as C's asctime writes it, is one of UTC, and not of this machine's zone.
        return (then if then.tzinfo else then.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
