"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import stat
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


def is_begun(name: str) -> bool:
    """Return whether a folder that has `name` in it, and no index yet, may be a layout that is being made.

    Or it is the root of a new file system, which has a folder of its own.
    """
    return name in {"blobs", "lost+found"} or name.startswith(_PREFIX)


def is_of_length(path: Path, size: int) -> bool:
    """Return whether `path` is a file of `size` bytes."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size == size


def link(there: Path, here: Path, folder: Path) -> bool:
    """Make `here` another name of the file `there`, whatever it was before; False when the file systems can't.

    Args:
        there: the file.
        here: its further name.
        folder: where that is meanwhile, if the name is taken; on the same file system as `here`.
    """
    try:
        here.hardlink_to(there)
    except FileExistsError:
        return _link_in_place(there, here, folder / f"{_PREFIX}{uuid.uuid4().hex}")
    except OSError:
        return False
    return True


def _link_in_place(there: Path, here: Path, meanwhile: Path) -> bool:
    try:
        meanwhile.hardlink_to(there)
        meanwhile.replace(here)
    except OSError:
        return False
    finally:
        meanwhile.unlink(missing_ok=True)  # the system leaves it when `here` is the same file already
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
