"""Comparing commits: history, merge bases and differences, by git's plumbing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from tidegate.git.commits import read_commits
from tidegate.git.mirror import Mirror
from tidegate.git.names import as_text, check_commit, check_path
from tidegate.git.objects import ObjectReader
from tidegate.git.trees import entries, require_commit
from tidegate.git.walk import differing
from tidegate.model.merge_request import Commit

_YES_OR_NO: Final = frozenset({0, 1})
_MOST_SHOWN: Final = 1024 * 1024
"""Bytes of files, before and after, whose difference is shown."""
_MOST_NAMES: Final = 64 * 1024
"""Bytes of names that one command is given: the system sets a limit to them."""


def history(mirror: Mirror, commit: str, path: str, limit: int) -> tuple[Commit, ...]:
    """Return the newest `limit` commits of the first-parent line that changed `path` ("" for any), newest first.

    A merge stands where its branch came in: that is when the change arrived.

    Raises:
        CommitMissing: there is no such commit.
    """
    mirror.ask(lambda reader: require_commit(reader, commit))
    paths = [check_path(path)] if path else []
    ids: Sequence[str] | None = mirror.lines.commits(commit, path, limit)
    if ids is None:
        said = mirror.run("rev-list", "--first-parent", f"--max-count={limit}", commit, "--", *paths)
        ids = said.text.split()
    return mirror.ask(lambda reader: read_commits(reader, ids))


def arrival(mirror: Mirror, commit: str, tip: str) -> str:
    """Return the commit of `tip`'s first-parent line by which `commit`, an ancestor of `tip`, came in.

    Raises:
        CommitMissing: one of them does not exist.
    """
    said = mirror.run("rev-list", "--first-parent", "--ancestry-path", f"{check_commit(commit)}..{check_commit(tip)}")
    return said.text.rpartition("\n")[2] or commit


def merge_base(mirror: Mirror, one: str, other: str) -> str | None:
    """Return the best common ancestor of two commits, or None.

    Git is only asked where neither is the other one's parent, and once: a branch of one commit is the usual thing.

    Raises:
        CommitMissing: one of them does not exist.
    """
    first, second = mirror.ask(lambda reader: read_commits(reader, [one, other]))
    if one == other or one in second.parents:
        return one
    if other in first.parents:
        return other
    return mirror.bases.one(
        f"{one} {other}",
        lambda: mirror.run("merge-base", one, other, fine=_YES_OR_NO).text.partition("\n")[0] or None,
    )


def changed_files(mirror: Mirror, base: str, head: str) -> tuple[str, ...]:
    """Return the paths that differ between two commits, sorted, renames as both paths.

    Raises:
        CommitMissing: one of them does not exist.
        TreeTooLarge: there are more than any repository of manifests has.
    """
    return mirror.ask(lambda reader: tuple(sorted(map(as_text, differing(reader, base, head)))))


def diff(mirror: Mirror, base: str, head: str, paths: Iterable[str]) -> str:
    """Return the unified diff between two commits, limited to `paths`; empty when there are none.

    Files that are too long for anybody to read, or too many, or have become folders, are left out; a last line says of
    how many that is so.

    Raises:
        CommitMissing: one of the commits does not exist.
    """
    limited = [check_path(path) for path in paths]
    if not limited:
        return ""
    shown = mirror.ask(lambda reader: list(_readable(reader, base, head, limited)))
    text = ""
    if shown:
        options = ("-r", "-p", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames")
        said = mirror.run("diff-tree", *options, check_commit(base), check_commit(head), "--", *shown)
        text = said.out.decode("utf-8", "replace")
    more = len(limited) - len(shown)
    return f"{text}\\ {more} more, too long to be shown\n" if more else text


def _readable(reader: ObjectReader, base: str, head: str, paths: Sequence[str]) -> Iterator[str]:
    """Yield those of `paths` whose diff is not too long, all in all, as long as there is room for their names."""
    sides = [entries(reader, commit, paths) for commit in (base, head)]
    ids = list({entry.id for side in sides for entry in side.values() if not entry.is_folder})
    sizes = {id_: info.size for id_, info in zip(ids, reader.info(ids), strict=True) if info is not None}
    room, names = _MOST_SHOWN, _MOST_NAMES
    for path in paths:
        found = [side[path] for side in sides if path in side]
        if len({entry.is_folder for entry in found}) > 1:  # git would show with the file all that is in the folder
            continue
        size = sum(sizes.get(entry.id, 0) for entry in found)
        name = len(path.encode())
        if size <= room and name <= names:
            room, names = room - size, names - name
            yield path
