"""Which steps of a demo are finished: kept in the world, so that an interrupted demo goes on where it stopped."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tidegate import __version__
from tidegate.errors.demo import FolderTaken, WorldBusy

FILE: Final = ".tidegate-demo.json"


class Progress:
    """The finished steps of the demo in a folder.

    Args:
        folder: the world.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE

    def finished(self) -> tuple[str, ...]:
        """Return the finished steps in order; none when another version of Tidegate made them."""
        try:
            found: object = json.loads(self._file.read_bytes())
        except ValueError:
            return ()
        if not isinstance(found, dict) or found.get("tidegate") != __version__:
            return ()
        steps = found.get("finished")
        return tuple(map(str, steps)) if isinstance(steps, list) else ()

    def write(self, steps: Sequence[str]) -> None:
        """Record that `steps` are finished, all at once or not at all."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps({"tidegate": __version__, "finished": list(steps)}, indent=1) + "\n")
        fresh.replace(self._file)


@contextmanager
def taken(folder: Path) -> Iterator[Progress]:
    """Have the folder `folder` for one demo; it is made when it is not there.

    Raises:
        FolderTaken: it holds something else.
        WorldBusy: another demo is at work in it.
    """
    mark = folder / FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not mark.exists() and any(folder.iterdir()):
            raise FolderTaken(
                "the folder is not empty, and it is no demo world",
                where=str(folder),
                hint="name another one: tidegate demo DIR",
            )
        mark.touch()
    except OSError as error:
        raise FolderTaken(
            f"the demo can't be made there: {error.strerror}", where=str(folder), hint="name another folder"
        ) from error
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise WorldBusy(
            "another demo is at work in this folder", where=str(folder), hint="wait for it, or name another folder"
        ) from None
    try:
        yield Progress(folder)
    finally:
        os.close(lock)
