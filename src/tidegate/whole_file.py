"""A file of a person's that is written whole or not at all."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the file behind `path` against all who hold it too, for what is read of it and then replaced.

    It is made, empty, where it is not there. Its own lock is taken: a file beside it would stay.

    Raises:
        OSError: the system refuses it.
    """
    while True:
        with path.resolve().open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if not _is_there(path, file.fileno()):
                continue  # it was replaced while we waited
            yield
            return


def _is_there(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
