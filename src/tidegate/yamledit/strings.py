"""Which plain text reads as a string, by every reader that a manifest meets.

YAML 1.1 (yaml.org/type, PyYAML), the core schema of YAML 1.2 (section 10.3.2) and go-yaml disagree; a text counts as
a string only when all of them say so. One case is left out: YAML 1.1's own pattern for floats allows several points,
so `1.2.3` would be a number; no reader does that, and every tag would need quotes.
"""

from __future__ import annotations

import re
from typing import Final

from tidegate.yamledit.node import Scalar, Style

STRING_TAGS: Final = frozenset({"!", "tag:yaml.org,2002:str"})

_WORDS: Final = frozenset({"", "~", "null", "y", "n", "yes", "no", "on", "off", "true", "false", "=", "<<"})
_NOT_A_STRING: Final = re.compile(
    r"""
      [-+]?0(?:b[01]*|o[0-7]*|x[0-9a-f]*)                  # 0b1, 0o17, 0x1f
    | [-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[-+]?[0-9]+)?  # 110, 0123, 1.10, 1., .5, 1e3
    | [-+]?[0-9]+(?::[0-9]{1,2})+(?:\.[0-9]*)?             # 1:30, 190:20:30.15
    | [-+]?\.inf | \.nan
    | [0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:(?:t|[ \t]+)[0-9:.]+(?:[ \t]*(?:z|[-+][0-9:]+))?)?
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)


def plain_is_string(text: str) -> bool:
    """Return whether `text`, written without quotes, is a string for YAML 1.1 and 1.2 alike."""
    return not (text.lower() in _WORDS or _NOT_A_STRING.fullmatch(text.replace("_", "")))


def reads_as_string(node: Scalar) -> bool:
    """Return whether every reader takes `node` for a string, as it is written."""
    if node.tag is not None:
        return node.tag in STRING_TAGS
    return node.style is not Style.PLAIN or plain_is_string(node.text)
