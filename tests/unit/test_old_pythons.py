"""What Python 3.11's first releases do otherwise; Debian 12 has 3.11.2."""

from __future__ import annotations

import re
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src"


def test_no_regular_expression_is_possessive() -> None:
    """`re` matched possessive quantifiers and atomic groups wrongly before 3.11.4 (python/cpython issue 101955)."""
    possessive = re.compile(r"""(?:[\])}a-z?]\+\+|[\])}a-z]\*\+|[\])}a-z^]\?\+|\(\?>)""")
    found = [
        f"{path.relative_to(SOURCE)}:{number}"
        for path in sorted(SOURCE.rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if possessive.search(line)
    ]
    assert found == []
