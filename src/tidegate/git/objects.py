"""ObjectReader: one long-lived `git cat-file --batch-command`, asked through pipes (git-cat-file, 'BATCH OUTPUT')."""

from __future__ import annotations

import subprocess
import weakref
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final

from tidegate.errors.git import CacheBroken
from tidegate.git.program import Git, end

_BATCH_BYTES: Final = 16 * 1024
"""Requests sent before answers are read: less than a pipe holds, so that neither side waits for the other."""

_MISSING: Final = (b" missing\n", b" ambiguous\n")


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
        with_contents = verb == "contents"
        for batch in _batches(verb, names):
            try:
                stdin.write(b"".join(batch) + b"flush\n")
                stdin.flush()
                for _ in batch:
                    header = stdout.readline()
                    data = None
                    if not header.endswith(_MISSING):
                        size = int(header.split()[2])
                        data = stdout.read(size + 1)[:size] if with_contents else None
                        if data is not None and len(data) != size:
                            raise _broken(self._process)
                    yield header, data
            except (OSError, ValueError, IndexError) as error:
                raise _broken(self._process) from error


def _parse(header: bytes) -> ObjectInfo | None:
    """Return what a line `ID KIND SIZE` says; None for `NAME missing`."""
    if header.endswith(_MISSING):
        return None
    id_, kind, size = header.split()
    return ObjectInfo(id_.decode("ascii"), kind.decode("ascii"), int(size))


def _batches(verb: str, names: Sequence[str]) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    size = 0
    for name in names:
        line = f"{verb} {name}\n".encode("utf-8", "surrogateescape")
        if batch and size + len(line) > _BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(line)
        size += len(line)
    if batch:
        yield batch


def _broken(process: subprocess.Popen[bytes]) -> CacheBroken:
    end(process)
    return CacheBroken(
        "a cached mirror of a repository can't be read",
        hint="try again; when it stays so, delete Tidegate's cache folder",
    )
