"""ObjectReader: one long-lived `git cat-file --batch-command`, asked through pipes (git-cat-file, 'BATCH OUTPUT')."""

from __future__ import annotations

import subprocess
import weakref
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import IO, TYPE_CHECKING, Final

from tidegate.errors.git import CacheBroken, TreeTooLarge
from tidegate.git.kept import Kept
from tidegate.git.program import Git, end

if TYPE_CHECKING:
    from tidegate.git.tree_object import Tree
    from tidegate.model.merge_request import Commit

_MISSING: Final = (b" missing\n", b" ambiguous\n")
_MOST_ENTRIES: Final = 60_000
"""Of all trees that are kept; one takes about 300 bytes."""
_MOST_BYTES: Final = 4 * 1024 * 1024
_MOST_COMMITS: Final = 4_000
_LARGEST: Final = 16 * 1024 * 1024
"""Bytes of an object that is read: a folder of 300,000 files."""
_PIECE: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What an object is.

    Args:
        id: its id.
        kind: `blob`, `tree`, `commit` or `tag`.
        size: its bytes.
    """

    id: str
    kind: str
    size: int


class ObjectReader:
    """Reads objects by name: an id, or `COMMIT^{tree}`, or `COMMIT:PATH`. Safe for use by many threads.

    Args:
        git: the program.
        folder: the git directory.
    """

    def __init__(self, git: Git, folder: Path) -> None:
        self._process = git.start("cat-file", "--batch-command", "--buffer", folder=folder)
        self._lock = Lock()
        self.roots: Final[Kept[str]] = Kept(_MOST_COMMITS)
        """Commit → the id of its tree."""
        self.trees: Final[Kept[Tree]] = Kept(_MOST_ENTRIES, lambda tree: 1 + len(tree))
        self.files: Final[Kept[bytes]] = Kept(_MOST_BYTES, len)
        self.commits: Final[Kept[Commit]] = Kept(_MOST_COMMITS)
        self._finalizer = weakref.finalize(self, end, self._process)

    def info(self, names: Iterable[str]) -> list[ObjectInfo | None]:
        """Return what each object is, in order; None for one that is missing.

        Raises:
            CacheBroken: the program ended, or answered something else.
        """
        with self._lock:
            return [_parse(header) for header, _ in self._ask("info", list(names))]

    def contents(self, names: Iterable[str]) -> list[bytes | None]:
        """Return the bytes of each object, in order; None for one that is missing.

        Raises:
            CacheBroken: the program ended, or answered something else.
            TreeTooLarge: one of them has more than 16 MiB.
        """
        with self._lock:
            return [data for _, data in self._ask("contents", list(names))]

    def close(self) -> None:
        """End the program."""
        self._finalizer()

    def _ask(self, verb: str, names: Sequence[str]) -> Iterator[tuple[bytes, bytes | None]]:
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None or not self._finalizer.alive:
            raise CacheBroken("the object reader is closed")
        # With --buffer, git takes in all commands before it answers any at `flush`: neither side waits for the other.
        request = "".join(f"{verb} {name}\n" for name in names) + "flush\n"
        too_large: ObjectInfo | None = None
        try:
            stdin.write(request.encode("utf-8", "surrogateescape"))
            stdin.flush()
            for _ in names:
                header = stdout.readline()
                data = None
                if not header.endswith(_MISSING):
                    size = int(header.split()[2])
                    if verb == "contents" and size > _LARGEST:
                        too_large = _parse(header)
                        _pass_over(stdout, size)
                    elif verb == "contents":
                        data = _exactly(stdout, size)
                yield header, data
        except (OSError, ValueError, IndexError) as error:
            raise _broken(self._process) from error
        except BaseException:  # interrupted: the next question would get the rest of this one's answers
            end(self._process)
            raise
        if too_large is not None:  # now that all answers were taken in
            raise TreeTooLarge(
                f"{too_large.kind} {too_large.id[:12]} has {too_large.size:,} bytes",
                hint="where a merge request brings it, close it; no commit and no folder of manifests is so large",
            )


def _exactly(stdout: IO[bytes], size: int) -> bytes:
    """Return the next `size` bytes, without the line end that follows them."""
    data = stdout.read(size + 1)
    if len(data) != size + 1:
        raise ValueError("the answer was cut short")
    return data[:size]


def _pass_over(stdout: IO[bytes], size: int) -> None:
    """Read `size` bytes and the line end that follows them, and keep none."""
    left = size + 1
    while left:
        piece = stdout.read(min(left, _PIECE))
        if not piece:
            raise ValueError("the answer was cut short")
        left -= len(piece)


def _parse(header: bytes) -> ObjectInfo | None:
    """Return what a line `ID KIND SIZE` says; None for `NAME missing`."""
    if header.endswith(_MISSING):
        return None
    id_, kind, size = header.split()
    return ObjectInfo(id_.decode("ascii"), kind.decode("ascii"), int(size))


def _broken(process: subprocess.Popen[bytes]) -> CacheBroken:
    end(process)
    return CacheBroken(
        "a cached mirror of a repository can't be read",
        hint="try again; when it stays so, delete Tidegate's cache folder",
    )
