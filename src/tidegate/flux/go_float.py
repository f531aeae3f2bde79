"""Go's `strconv.ParseFloat(text, 64)`, which decides what a numerical ImagePolicy takes (`atof.go`)."""

from __future__ import annotations

import math
import re
from typing import Final

_DIGITS: Final = r"[0-9]+(?:_[0-9]+)*"
_HEX: Final = r"[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*"
_DECIMAL: Final = re.compile(rf"[+-]?(?:{_DIGITS}(?:\.(?:{_DIGITS})?)?|\.{_DIGITS})(?:[eE][+-]?{_DIGITS})?")
_HEXADECIMAL: Final = re.compile(rf"[+-]?0[xX](?:_?{_HEX}(?:\.(?:{_HEX})?)?|\.{_HEX})[pP][+-]?{_DIGITS}")
_SPECIAL: Final = re.compile(r"[+-]?inf(?:inity)?|nan", re.IGNORECASE | re.ASCII)


def parse_float(text: str) -> float | None:
    """Return the number that Go reads in the whole of `text`, or None when it reads none.

    Decimal and, with a `p` exponent, hexadecimal; `_` between digits; `inf`, `infinity` and `nan` in any case.
    What is too large for a float64 is no number; what is too small is 0.
    """
    if _DECIMAL.fullmatch(text):
        number = float(text.replace("_", ""))
        return None if math.isinf(number) else number
    if _SPECIAL.fullmatch(text):
        return float(text)
    if _HEXADECIMAL.fullmatch(text):
        try:
            return float.fromhex(text.replace("_", ""))
        except OverflowError:
            return None
    return None
