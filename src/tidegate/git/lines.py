"""Lines: which commits of a branch changed which file, read once for all files of it.

Git finds the history of one file by looking at every commit. For a few files that is right. Who asks for many, as a
look at all services does, would have git do so as often: then the branch is read once, with all that it changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from subprocess import Popen
from threading import Lock
from typing import Final

LINE: Final = (
    "log",
    "-z",
    "--first-parent",
    "--diff-merges=first-parent",
    "--root",
    "--name-only",
    "--no-renames",
    "--ignore-submodules=none",
    "--no-ext-diff",
    "--no-show-signature",
    "--no-notes",
    "--no-decorate",
    "--format=%x00%H",
)
"""The command whose output is read, without the commit: an empty name, the commit, LF and the names that it changed."""
_FEW: Final = 8
"""Files that are asked for at one commit before its whole line is read."""
_NEW: Final = 200
"""Commits in which a branch is looked for that was read before."""
_MOST_LINES: Final = 4
_MOST_OF_A_FILE: Final = 100
_MOST_BYTES: Final = 64 * 1024 * 1024
"""Of git's output: what is older is asked for file by file."""
_PIECE: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class _Line:
    """The commits below a tip, first parents only, as far as they were read.

    Args:
        files: file → the newest commits that changed it, newest first.
        folders: every folder that holds or held a file.
        is_whole: whether it goes down to the first commit.
    """

    files: Mapping[str, tuple[str, ...]]
    folders: frozenset[str]
    is_whole: bool

    def commits(self, path: str, limit: int) -> tuple[str, ...] | None:
        """Return the newest commits that changed a file; None when that is not known, or it is a folder."""
        if not path or path in self.folders or limit > _MOST_OF_A_FILE:
            return None
        found = self.files.get(path, ())
        return found[:limit] if self.is_whole or len(found) >= limit else None


class Lines:
    """What is known of the branches of one repository. Safe for many threads.

    Args:
        open_line: starts `LINE` for a commit, and ends it.
    """

    def __init__(self, open_line: Callable[[str], AbstractContextManager[Popen[bytes]]]) -> None:
        self._open_line = open_line
        self._lock = Lock()
        self._lines: dict[str, _Line] = {}  # the newest last
        self._asked: dict[str, int] = {}

    def commits(self, tip: str, path: str, limit: int) -> tuple[str, ...] | None:
        """Return the newest `limit` commits of `tip`'s first-parent line that changed the file `path`, newest first.

        None when it is not known: because few files were asked for there, because the line is too long, or because
        `path` is a folder.

        Args:
            tip: a commit's id, 40 hexadecimal digits; of a commit that is there.
            path: of a file.
            limit: how many at most.
        """
        with self._lock:
            line = self._lines.get(tip) or self._read_if_worth(tip)
        return line.commits(path, limit) if line is not None else None

    def _read_if_worth(self, tip: str) -> _Line | None:
        asked = self._asked.get(tip, 0) + 1
        self._asked = {**dict(list(self._asked.items())[-_MOST_LINES:]), tip: asked}
        if asked <= _FEW and not (asked == 1 and self._lines):
            return None
        line = self._read(tip, None if asked > _FEW else _NEW)
        if line is not None:
            self._lines = {**dict(list(self._lines.items())[1 - _MOST_LINES :]), tip: line}
        return line

    def _read(self, tip: str, most: int | None) -> _Line | None:
        """Read down to a tip that was read before; None when there is none within `most` commits."""
        files: dict[str, list[str]] = {}
        read = _Read()
        with self._open_line(tip) as git:
            for count, (commit, names) in enumerate(read.steps(git)):
                if (below := self._lines.get(commit)) is not None:
                    return _joined(files, below)
                if count == most:
                    return None
                for name in names:
                    commits = files.setdefault(name, [])
                    if len(commits) < _MOST_OF_A_FILE:
                        commits.append(commit)
        return _joined(files, _Line({}, frozenset(), is_whole=read.is_whole))


class _Read:
    """One reading. Afterwards `is_whole` says whether it came to the end."""

    def __init__(self) -> None:
        self.is_whole = False

    def steps(self, git: Popen[bytes]) -> Iterator[tuple[str, list[str]]]:
        """Yield each commit with the names of the files that it changed."""
        commit, names = "", list[str]()
        is_next = False
        for token in self._tokens(git):
            if is_next:
                commit, names, is_next = token, [], False
            elif token:
                names.append(token if names else token.removeprefix("\n"))
            else:
                if commit:
                    yield commit, names
                is_next = True
        if commit and self.is_whole:
            yield commit, names

    def _tokens(self, git: Popen[bytes]) -> Iterator[str]:
        rest, size = b"", 0
        while piece := git.stdout.read(_PIECE) if git.stdout else b"":
            *tokens, rest = (rest + piece).split(b"\0")
            for token in tokens:
                yield token.decode("utf-8", "surrogateescape")
            size += len(piece)
            if size > _MOST_BYTES:
                return
        self.is_whole = git.wait() == 0


def _joined(above: Mapping[str, list[str]], below: _Line) -> _Line:
    """Return the line of the newer commits and those below."""
    files = {name: (*commits, *below.files.get(name, ()))[:_MOST_OF_A_FILE] for name, commits in above.items()}
    folders = {folder for name in above for folder in _around(name)}
    return _Line({**below.files, **files}, below.folders | folders, below.is_whole)


def _around(name: str) -> Iterator[str]:
    """Yield the folders above a file, and the root."""
    while name:
        name = name.rpartition("/")[0]
        yield name
