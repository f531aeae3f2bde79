"""The answers of the original Go code under tests/data/conformance."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parents[1] / "data" / "conformance"


def cases(name: str) -> list[dict[str, Any]]:
    """Return the cases of one file, each with its `id`."""
    return [json.loads(line) for line in (_FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
