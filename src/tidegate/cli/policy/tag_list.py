"""Tags that a person hands in: one a line, or JSON as registries and tools print it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import BinaryIO

from tidegate.errors import Place
from tidegate.errors.policy import TagsUnreadable

_HINT = 'write one tag a line, or a JSON list of texts like ["1.0.0", "1.0.1"]'
STDIN = "-"


def read_tag_list(source: str, folder: Path) -> tuple[str, ...]:
    """Return the tags in a file, or on standard input.

    Args:
        source: path relative to `folder`, or `-`.

    Raises:
        TagsUnreadable: there is no such file, or it holds something else.
    """
    try:
        data = _stdin() if source == STDIN else (folder / source).read_bytes()
        return parse_tag_list(data.decode("utf-8-sig"), source)
    except OSError as error:
        raise TagsUnreadable(f"can't be read: {error.strerror}", where=Place(source), hint="check --tags") from error
    except UnicodeDecodeError as error:
        raise TagsUnreadable("not UTF-8 text", where=Place(source), hint=_HINT) from error


def _stdin() -> bytes:
    stream: BinaryIO | None = getattr(sys.stdin, "buffer", None)  # None when stdin is closed: `<&-`
    if stream is None:
        raise TagsUnreadable("stdin is closed", where=Place(STDIN), hint=_HINT)
    return stream.read()


def parse_tag_list(text: str, source: str) -> tuple[str, ...]:
    """Return the tags in `text`: one a line, a JSON list, or an object with such a list as `tags` or `Tags`.

    Raises:
        TagsUnreadable: JSON of another shape.
    """
    if not text.lstrip().startswith(("[", "{")):
        return tuple(line.strip() for line in text.splitlines() if line.strip())
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise TagsUnreadable("not JSON, though it begins like it", where=Place(source), hint=_HINT) from error
    if isinstance(value, dict):
        value = value.get("tags", value.get("Tags"))
    if not isinstance(value, list) or not all(isinstance(tag, str) for tag in value):
        raise TagsUnreadable("JSON, and no list of tags", where=Place(source), hint=_HINT)
    return tuple(value)
