"""How a value is written: in the style that stands there, or the next one that can hold it."""

from __future__ import annotations

import re
from typing import Final

from tidegate.yamledit.node import Style
from tidegate.yamledit.strings import plain_is_string

_UNPRINTABLE: Final = re.compile("[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_SPECIAL: Final = re.compile(f'[\\\\"]|{_UNPRINTABLE.pattern}')
_ESCAPES: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}
_INDICATORS: Final = frozenset("-?:,[]{}#&*!|>'\"%@`")
_ENDS_PLAIN: Final = re.compile(r":(?=\s|$)|\s#")
_ENDS_PLAIN_IN_FLOW: Final = re.compile(r"[,\[\]{}]|:(?=[\s,\[\]{}]|$)|\s#")


def written(value: str, style: Style, *, flow: bool, tagged: bool = False) -> str:
    """Return YAML text, on one line, that reads as the string `value`.

    Args:
        value: the string to write.
        style: style to keep: plain stays plain where that is safe, quotes stay the quotes that they are.
        flow: the place is inside brackets.
        tagged: a string tag stands in front, so plain text is a string whatever it looks like.
    """
    if style is Style.PLAIN and _plain_is_safe(value, flow=flow) and (tagged or plain_is_string(value)):
        return value
    printable = not _UNPRINTABLE.search(value.replace("\t", "") if style is Style.SINGLE else value)
    if printable and (style is Style.SINGLE or (style is Style.PLAIN and _SPECIAL.search(value))):
        return "'" + value.replace("'", "''") + "'"
    return '"' + _SPECIAL.sub(lambda match: _escape(match[0]), value) + '"'


def _plain_is_safe(value: str, *, flow: bool) -> bool:
    if not value or value != value.strip() or _UNPRINTABLE.search(value):
        return False
    if value[0] in _INDICATORS or value.startswith(("---", "...")):
        return False
    return not (_ENDS_PLAIN_IN_FLOW if flow else _ENDS_PLAIN).search(value)


def _escape(character: str) -> str:
    known = _ESCAPES.get(character)
    if known is not None:
        return known
    code = ord(character)
    if code <= 0xFF:  # noqa: PLR2004 - the widths of YAML's three escapes
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"  # noqa: PLR2004 - likewise


def block_lines(value: str, style: Style, *, line_feed: bool) -> list[str] | None:
    """Return the lines of a block scalar's body that reads as `value`, without indentation; None when it can't.

    Args:
        value: the string to write.
        style: `LITERAL` or `FOLDED`.
        line_feed: whether the block's header makes the value end in a line feed.
    """
    if line_feed:
        if not value.endswith("\n"):
            return None
        value = value[:-1]
    lines = value.split("\n")
    if not value or value[0] in " \n" or value[-1] in " \n" or _UNPRINTABLE.search("".join(lines)):
        return None
    if style is Style.FOLDED and len(lines) > 1:
        return None
    return lines
