"""Sentences with command lines and names of fields in backticks, as pages show them."""

from __future__ import annotations

import re
from typing import Final

from markupsafe import Markup, escape

_CODE: Final = re.compile(r"`([^`]*)`")


def coded(text: str) -> Markup:
    """Return `text` as HTML, what stands in backticks as code; everything else is escaped."""
    parts = _CODE.split(text)
    return Markup().join(
        Markup("<code>{}</code>").format(part) if number % 2 else escape(part) for number, part in enumerate(parts)
    )
