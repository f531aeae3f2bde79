"""A file of a person's that is written whole or not at all."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path
from uuid import uuid4


def replace_file(path: Path, data: bytes) -> None:
    """Have the file behind `path` hold `data`; its mode stays, and so does a link that leads to it.

    Raises:
        OSError: the system refuses it; the file is as it was, and nothing is left beside it.
    """
    target = path.resolve()
    new = target.with_name(f".{target.name}.{uuid4().hex[:8]}")
    try:
        with new.open("xb") as file:
            file.write(data)
        with suppress(FileNotFoundError):  # a new file has the mode that the system gives one
            shutil.copymode(target, new)
        new.replace(target)
    finally:
        new.unlink(missing_ok=True)
