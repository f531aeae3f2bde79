"""Commits without a work tree, by `git fast-import` (git-fast-import, 'INPUT FORMAT')."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tidegate.errors import Place, TidegateError
from tidegate.errors.git import CommitMissing, UnsafePath
from tidegate.git.identity import Identity
from tidegate.git.mirror import Mirror
from tidegate.git.names import check_commit, check_path
from tidegate.git.tree_object import TreeEntry
from tidegate.git.trees import entries

_NEW_FILE = "100644"


@dataclass(frozen=True, slots=True)
class NewCommit:
    """A commit to be written. The same values make the same commit id.

    Args:
        parent: id of the one parent; None for a first commit.
        files: path → new bytes, or None to delete the file.
        message: the whole message.
        author: who wrote it.
        committer: who commits it.
        at: author's and committer's time; whole seconds count.
    """

    parent: str | None
    files: Mapping[str, bytes | None]
    message: str
    author: Identity
    committer: Identity
    at: datetime


def write_commit(mirror: Mirror, new: NewCommit) -> str:
    """Write a commit into the mirror and return its id; `new.parent` when the files are as they were.

    A file that exists keeps its mode; a new one is not executable.

    Raises:
        CommitMissing: the mirror has no such parent.
        UnsafePath: a path leaves the repository, or is a folder, a link, or below a file.
    """
    (written,) = write_commits(mirror, [new])
    if isinstance(written, TidegateError):
        raise written
    return written


def write_commits(mirror: Mirror, commits: Sequence[NewCommit]) -> tuple[str | TidegateError, ...]:
    """Write commits, none on another one of them, in one import; return each's id, or what `write_commit` raises."""
    found = [_prepared(mirror, new) for new in commits]
    pieces = [
        piece for each in found if isinstance(each, _Prepared) and each.adopted is None for piece in _pieces(each)
    ]
    ids: Iterator[str] = iter(())
    if pieces:
        said = mirror.run("fast-import", "--quiet", "--done", data=b"".join([b"feature done\n", *pieces, b"done\n"]))
        ids = map(check_commit, said.text.splitlines())
    return tuple((each.adopted or next(ids)) if isinstance(each, _Prepared) else each for each in found)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A commit, what of it changes anything, and what is around that."""

    new: NewCommit
    changed: Mapping[str, bytes | None]
    before: Mapping[str, TreeEntry]

    @property
    def adopted(self) -> str | None:
        """The parent, when the files are there as they are to be; else None."""
        return None if self.changed else self.new.parent


def _prepared(mirror: Mirror, new: NewCommit) -> _Prepared | TidegateError:
    before: Mapping[str, TreeEntry] = {}
    try:
        if new.parent is not None:
            parent = check_commit(new.parent)
            around = {part for path in new.files for part in _with_parents(check_path(path))}
            before = mirror.ask(lambda reader: entries(reader, parent, around))
        changed = {path: data for path, data in new.files.items() if _differs(before.get(path), data)}
        for path in changed:
            _require_file_place(before, path)
    except (CommitMissing, UnsafePath) as error:
        return error
    return _Prepared(new, changed, before)


def _with_parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[: count + 1]) for count in range(len(parts))]


def _differs(entry: TreeEntry | None, data: bytes | None) -> bool:
    if entry is None or data is None:
        return not (entry is None and data is None)
    blob = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False)
    return not entry.is_file or blob.hexdigest() != entry.id


def _require_file_place(before: Mapping[str, TreeEntry], path: str) -> None:
    *above, itself = _with_parents(path)
    in_the_way = next((part for part in above if part in before and not before[part].is_folder), None)
    if in_the_way is None and itself in before and not before[itself].is_file:
        in_the_way = itself
    if in_the_way is not None:
        raise UnsafePath(
            f"{path!r} can't be written: {in_the_way!r} is not what it would have to be",
            where=Place(in_the_way),
            hint="a folder, a symbolic link or a file stands there; take it away by hand first",
        )


def _pieces(prepared: _Prepared) -> Iterator[bytes]:
    # The branch is only there because fast-import wants one; a branch that is reset to nothing is not written.
    new, ref = prepared.new, f"refs/tidegate-import/{os.getpid()}-{threading.get_ident()}"
    message = new.message.encode("utf-8", "replace")
    yield f"commit {ref}\nmark :1\n".encode()
    yield f"author {new.author.at(new.at)}\ncommitter {new.committer.at(new.at)}\n".encode("utf-8", "replace")
    yield b"data %d\n%s\n" % (len(message), message)
    if new.parent is not None:
        yield f"from {new.parent}\n".encode()
    for path, data in sorted(prepared.changed.items()):
        quoted = _quoted(path).encode()
        if data is None:
            yield b"D %s\n" % quoted
        else:
            mode = prepared.before[path].mode if path in prepared.before else _NEW_FILE
            yield b"M %s inline %s\ndata %d\n" % (mode.encode(), quoted, len(data))
            yield data
            yield b"\n"
    yield f"\nget-mark :1\nreset {ref}\n\n".encode()


def _quoted(path: str) -> str:
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'
