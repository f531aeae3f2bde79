"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

_PREFIX: Final = ".incoming-"
_ABANDONED_SECONDS: Final = 3600
"""A file that is being written changes all the time; one that has not for so long belongs to a killed process."""


@contextmanager
def incoming(folder: Path, target: Path) -> Iterator[BinaryIO]:
    """Return a context whose value is a file to write; it becomes `target` in the end, or vanishes on an error.

    Args:
        folder: where it is meanwhile; on the same file system as `target`.
        target: where it will be; replaced when it is there.
    """
    path = folder / f"{_PREFIX}{uuid.uuid4().hex}"
    try:
        with path.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        path.replace(target)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def link(there: Path, here: Path) -> bool:
    """Make `here` another name of the file `there`; False when the file systems can't."""
    try:
        here.hardlink_to(there)
    except FileExistsError:
        return True
    except OSError:
        return False
    return True


def sync_folder(folder: Path) -> None:
    """Return when the names in `folder` are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep(folder: Path) -> None:
    """Remove what killed processes left in `folder`."""
    for path in folder.glob(f"{_PREFIX}*"):
        try:
            if time.time() - path.stat().st_mtime > _ABANDONED_SECONDS:
                path.unlink(missing_ok=True)
        except FileNotFoundError:
            continue  # its writer has just finished
