"""What may stand in single values of a target of notifications. Checks as in `grammar`."""

from __future__ import annotations

import re
from typing import Final

from tidegate.config.grammar import Wrong
from tidegate.model.patterns import is_service_name

_STAR: Final = "*"
_LETTERS: Final = re.compile(r"[a-z0-9._*-]+", re.ASCII)


def services(text: str) -> Wrong | None:
    """A service's name, or one with `*` in it."""
    if is_service_name(text) or (_STAR in text and _LETTERS.fullmatch(text)):
        return None
    return Wrong(f"{text!r} names no services", "write a service's name, or a part of names with *, e.g. pay-*")


def url_file(text: str) -> Wrong | None:
    """A file with a target's address. An address itself holds a secret, and is not repeated."""
    if "://" in text:
        return Wrong("this is no file", "name the file that holds the address; the address itself never goes here")
    if not text.strip() or "\0" in text:
        return Wrong("the file is missing", "e.g. /run/secrets/sre-notify-url")
    return None
