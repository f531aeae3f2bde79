"""Texts that people see, kept as files: `GOLDEN=write pytest …` writes them anew, the diff is for review."""

from __future__ import annotations

import os
from pathlib import Path

_FOLDER = Path(__file__).parent.parent / "golden"


def assert_golden(name: str, text: str) -> None:
    """Fail unless `text` is what `tests/golden/NAME` holds."""
    file = _FOLDER / name
    if os.environ.get("GOLDEN") == "write":
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")
