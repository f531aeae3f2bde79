"""Trees: files of a commit, read object by object."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from tidegate.errors import Place
from tidegate.errors.git import CacheBroken, CommitMissing, FileTooLarge
from tidegate.git.names import as_text, check_commit, check_path
from tidegate.git.objects import ObjectReader
from tidegate.git.tree_object import Tree, TreeEntry, parse_tree

LARGEST_FILE: Final = 5 * 1024 * 1024


def require_commit(reader: ObjectReader, commit: str) -> None:
    """Do nothing when the repository has `commit`.

    Raises:
        CommitMissing: it has not.
    """
    _root(reader, commit)


def _root(reader: ObjectReader, commit: str) -> str:
    """Return the id of the commit's tree; raises `CommitMissing`."""

    def read(unknown: Sequence[str]) -> Iterator[tuple[str, str]]:
        for id_ in unknown:
            found, tree = reader.info([f"{id_}^{{commit}}", f"{id_}^{{tree}}"])
            if found is None or tree is None:
                raise missing(id_)
            yield id_, tree.id

    return reader.roots.all([check_commit(commit)], read)[commit]


def _trees(reader: ObjectReader, ids: Sequence[str]) -> list[Tree]:
    """Return trees in order."""

    def read(unknown: Sequence[str]) -> Iterator[tuple[str, Tree]]:
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


def list_files(reader: ObjectReader, commit: str, under: str) -> tuple[str, ...]:
    """Return the paths of all regular files below folder `under` ("" for all), sorted.

    Raises:
        CommitMissing: there is no such commit.
    """
    return tuple(sorted(as_text(path) for path, entry in _below(reader, commit, under) if entry.is_file))


def list_links(reader: ObjectReader, commit: str, under: str) -> Mapping[str, str]:
    """Return path → target of the symbolic links below folder `under`; or, where it or one above is a link, of that.

    Raises:
        CommitMissing: there is no such commit.
    """
    parts = under.split("/") if under else []
    way = entries(reader, commit, ["/".join(parts[:length]) for length in range(1, len(parts) + 1)])
    links = {path: entry.id for path, entry in way.items() if entry.is_link}
    links = links or {path: entry.id for path, entry in _below(reader, commit, under) if entry.is_link}
    targets = reader.contents(links.values())
    pairs = zip(links, targets, strict=True)
    return {as_text(path): (target or b"").decode("utf-8", "replace") for path, target in pairs}


def _below(reader: ObjectReader, commit: str, under: str) -> list[tuple[str, TreeEntry]]:
    """Return path and entry of all that is below folder `under`, its folders left out."""
    id_ = _root(reader, commit)
    for name in check_path(under).split("/") if under else ():
        entry = _trees(reader, [id_])[0].get(name)
        if entry is None or not entry.is_folder:
            return []
        id_ = entry.id
    found: list[tuple[str, TreeEntry]] = []
    level = [(f"{under}/" if under else "", id_)]
    while level:
        below: list[tuple[str, str]] = []
        trees = _trees(reader, [id_ for _, id_ in level])
        for (prefix, _), tree in zip(level, trees, strict=True):
            for entry in tree.values():
                if entry.is_folder:
                    below.append((f"{prefix}{entry.name}/", entry.id))
                else:
                    found.append((prefix + entry.name, entry))
        level = below
    return found


def differing(reader: ObjectReader, base: str, head: str) -> Iterator[str]:
    """Yield the paths of all but folders that two commits have differently, or only one of them has, in any order.

    Raises:
        CommitMissing: one of the commits does not exist.
    """
    level = [("", _root(reader, base), _root(reader, head))]
    while level:
        read = iter(_trees(reader, [id_ for _, was, now in level for id_ in (was, now) if id_]))
        below: list[tuple[str, str, str]] = []
        for prefix, was, now in level:
            before: Tree = next(read) if was else {}
            after: Tree = next(read) if now else {}
            for name in before.keys() | after.keys():
                one, other = before.get(name), after.get(name)
                if one == other:
                    continue
                if not all(each is None or each.is_folder for each in (one, other)):
                    yield prefix + name
                folders = _folder_id(one), _folder_id(other)
                if any(folders):
                    below.append((f"{prefix}{name}/", *folders))
        level = below


def _folder_id(entry: TreeEntry | None) -> str:
    return entry.id if entry is not None and entry.is_folder else ""


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
    level = {"": _root(reader, commit)}
    while level:
        below: dict[str, str] = {}
        for folder, tree in zip(level, _trees(reader, tuple(level.values())), strict=True):
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
        UnsafePath: a path is not one of a repository.
    """
    files = {path: entry.id for path, entry in entries(reader, commit, paths).items() if entry.is_file}

    def read(unknown: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        for id_, info in zip(unknown, reader.info(unknown), strict=True):
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
