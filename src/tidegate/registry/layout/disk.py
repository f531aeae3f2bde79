"""What the system refuses in a registry's folder: errors of the port, with what to do."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tidegate.errors.registry import FolderFailed

_NO_FOLDER: Final = "a file is where a folder should be: correct the endpoint, or move the file away"
_NO_ROOM: Final = "make room on that disk"
_NO_RIGHTS: Final = "whoever runs tidegate must be allowed to read and write there"
_HINTS: Final[Mapping[int | None, str]] = {
    errno.ENOTDIR: _NO_FOLDER,
    errno.EEXIST: _NO_FOLDER,
    errno.ENOSPC: _NO_ROOM,
    errno.EDQUOT: _NO_ROOM,
    errno.EACCES: _NO_RIGHTS,
    errno.EPERM: _NO_RIGHTS,
    errno.EROFS: _NO_RIGHTS,
}


@contextmanager
def on_disk(place: Path) -> Iterator[None]:
    """Return a context in which a refusal of the system is a `FolderFailed`.

    Args:
        place: what is being read or written, where the system names nothing.
    """
    try:
        yield
    except OSError as error:
        raise FolderFailed(
            f"the system refused: {error.strerror or type(error).__name__}",
            where=str(error.filename) if error.filename is not None else str(place),
            hint=_HINTS.get(error.errno, "look at the disk or the network file system that it is on"),
        ) from error
