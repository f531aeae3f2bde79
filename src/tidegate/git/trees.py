"""Trees: files of a commit, read object by object."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from tidegate.errors import Place
from tidegate.errors.git import CacheBroken, CommitMissing, FileTooLarge, TreeTooLarge
from tidegate.git.names import check_commit, check_path
from tidegate.git.objects import ObjectInfo, ObjectReader
from tidegate.git.tree_object import Tree, TreeEntry, parse_tree

LARGEST_FILE: Final = 5 * 1024 * 1024
_MOST_BYTES: Final = 256 * 1024 * 1024
"""Of files that are read in one go."""
_MOST_OTHER_BYTES: Final = 48 * 1024 * 1024
"""Of what else is: folders of a million names. What differs little takes next to nothing to push."""
_FEW: Final = 3
"""Folders that are never too much: of one, no more than 16 MiB are read."""


def require_commit(reader: ObjectReader, commit: str) -> None:
    """Do nothing when the repository has `commit`.

    Raises:
        CommitMissing: it has not.
    """
    root_of(reader, commit)


def root_of(reader: ObjectReader, commit: str) -> str:
    """Return the id of the commit's tree; raises `CommitMissing`."""

    def read(unknown: Sequence[str]) -> Iterator[tuple[str, str]]:
        for id_ in unknown:
            found, tree = reader.info([f"{id_}^{{commit}}", f"{id_}^{{tree}}"])
            if found is None or tree is None:
                raise missing(id_)
            yield id_, tree.id

    return reader.roots.all([check_commit(commit)], read)[commit]


def read_trees(reader: ObjectReader, ids: Sequence[str]) -> list[Tree]:
    """Return trees in order.

    Raises:
        TreeTooLarge: all of them are over 48 MiB.
    """

    def read(unknown: Sequence[str]) -> Iterator[tuple[str, Tree]]:
        if len(unknown) > _FEW:
            require_few_bytes(reader.info(unknown), "folders that are read at once")
        for id_, data in _contents(reader, unknown):
            yield id_, {entry.name: entry for entry in parse_tree(data)}

    found = reader.trees.all(ids, read)
    return [found[id_] for id_ in ids]


def _contents(reader: ObjectReader, ids: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Yield the bytes of objects that a tree names.

    Raises:
        CacheBroken: one of them is not there; the mirror vanished under us, or is damaged.
    """
    for id_, data in zip(ids, reader.contents(ids), strict=True):
        if data is None:
            raise CacheBroken(f"a cached mirror lacks object {id_[:12]}", hint="try again")
        yield id_, data


def missing(commit: str) -> CommitMissing:
    """Return the error for a commit that is not there."""
    return CommitMissing(
        f"the repository has no commit {commit[:12]}",
        hint="read the repository again; the commit may have been removed by a forced push",
    )


def entries(reader: ObjectReader, commit: str, paths: Iterable[str]) -> Mapping[str, TreeEntry]:
    """Return path → entry at `commit`, of any mode; what does not exist is left out.

    Raises:
        CommitMissing: there is no such commit.
        UnsafePath: a path is not one of a repository.
    """
    wanted = {path: check_path(path).rpartition("/")[::2] for path in paths}
    listed = _folders(reader, commit, {folder for folder, _ in wanted.values()})
    found = {path: listed.get(folder, {}).get(name) for path, (folder, name) in wanted.items()}
    return {path: entry for path, entry in found.items() if entry is not None}


def _folders(reader: ObjectReader, commit: str, wanted: Iterable[str]) -> Mapping[str, Tree]:
    """Return folder → tree for the folders that exist, walking down from the root, a level at a time."""
    needed: dict[str, set[str]] = {}
    for folder in wanted:
        child = folder
        while child:
            above = child.rpartition("/")[0]
            needed.setdefault(above, set()).add(child)
            child = above
    listed: dict[str, Tree] = {}
    level = {"": root_of(reader, commit)}
    while level:
        below: dict[str, str] = {}
        for folder, tree in zip(level, read_trees(reader, tuple(level.values())), strict=True):
            listed[folder] = tree
            for child in needed.get(folder, ()):
                entry = tree.get(child.rpartition("/")[2])
                if entry is not None and entry.is_folder:
                    below[child] = entry.id
        level = below
    return listed


def read_files(reader: ObjectReader, commit: str, paths: Iterable[str]) -> Mapping[str, bytes]:
    """Return path → bytes of the regular files at `commit`; what does not exist or is no file is left out.

    Raises:
        CommitMissing: there is no such commit.
        FileTooLarge: a file is over 5 MiB.
        TreeTooLarge: all of them are over 256 MiB.
        UnsafePath: a path is not one of a repository.
    """
    files = {path: entry.id for path, entry in entries(reader, commit, paths).items() if entry.is_file}

    def read(unknown: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        infos = reader.info(unknown)
        require_few_bytes(infos, f"the manifests of commit {commit[:12]}", _MOST_BYTES)
        for id_, info in zip(unknown, infos, strict=True):
            if info is not None and info.size > LARGEST_FILE:
                path = next(path for path, each in files.items() if each == id_)
                raise FileTooLarge(
                    f"the file has {info.size:,} bytes; no manifest is larger than {LARGEST_FILE:,}",
                    where=Place(path),
                    hint="take the file out of the folder that Tidegate reads",
                )
        yield from _contents(reader, unknown)

    found = reader.files.all(tuple(files.values()), read)
    return {path: found[id_] for path, id_ in files.items()}


def require_few_bytes(infos: Iterable[ObjectInfo | None], what: str, most: int | None = None) -> None:
    """Return when objects may be read in one go.

    Args:
        infos: what they are.
        what: what a person calls them.
        most: how many bytes they may have; None for 48 MiB.

    Raises:
        TreeTooLarge: they have more.
    """
    count = sum(info.size for info in infos if info is not None)
    if count > (_MOST_OTHER_BYTES if most is None else most):
        raise TreeTooLarge(
            f"{what} have {count:,} bytes together",
            hint="where a merge request brings them, close it; else take out what is no manifest",
        )
