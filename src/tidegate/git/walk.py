"""Walks: what lies below a folder of a commit, and what two commits have differently.

Whoever may push a branch says how far a walk goes: ten folders in each of ten that are all one tree, and so on, take a
dozen objects and have billions of files. So a walk ends, with an error, where no repository of manifests does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from tidegate.errors.git import TreeTooLarge
from tidegate.git.names import LONGEST_PATH, as_text, check_path
from tidegate.git.objects import ObjectReader
from tidegate.git.tree_object import Tree, TreeEntry
from tidegate.git.trees import entries, read_trees, require_few_bytes, root_of

_MOST_ENTRIES: Final = 500_000
"""Linux has 90,000 files; so many of ours take some hundred megabytes and a second."""


def list_files(reader: ObjectReader, commit: str, under: str) -> tuple[str, ...]:
    """Return the paths of all regular files below folder `under` ("" for all), sorted.

    Raises:
        CommitMissing: there is no such commit.
        TreeTooLarge: there are more than any repository of manifests has.
    """
    return tuple(sorted(as_text(path) for path, entry in _below(reader, commit, under) if entry.is_file))


def list_links(reader: ObjectReader, commit: str, under: str) -> Mapping[str, str]:
    """Return path → target of the symbolic links below folder `under`; or, where it or one above is a link, of that.

    Raises:
        CommitMissing: there is no such commit.
        TreeTooLarge: there are more than any repository of manifests has, or longer ones.
    """
    parts = under.split("/") if under else []
    way = entries(reader, commit, ["/".join(parts[:length]) for length in range(1, len(parts) + 1)])
    links = {path: entry.id for path, entry in way.items() if entry.is_link}
    links = links or {path: entry.id for path, entry in _below(reader, commit, under) if entry.is_link}
    require_few_bytes(reader.info(links.values()), f"the links of commit {commit[:12]}")
    targets = reader.contents(links.values())
    pairs = zip(links, targets, strict=True)
    return {as_text(path): (target or b"").decode("utf-8", "replace") for path, target in pairs}


class _Bounds:
    """Counts what a walk comes by."""

    def __init__(self, commit: str) -> None:
        self._commit = commit
        self._left = _MOST_ENTRIES

    def pass_by(self, count: int, folder: str) -> None:
        """Return when `count` entries more, in `folder`, are within them.

        Raises:
            TreeTooLarge: they are not.
        """
        self._left -= count
        if self._left < 0 or len(folder) > LONGEST_PATH:
            bound = f"more than {_MOST_ENTRIES:,} files" if self._left < 0 else "folders too deep for any path"
            raise TreeTooLarge(
                f"commit {self._commit[:12]} has {bound}",
                hint="where a merge request brings them, close it; else keep manifests in a repository of their own",
            )


def _below(reader: ObjectReader, commit: str, under: str) -> list[tuple[str, TreeEntry]]:
    """Return path and entry of all that is below folder `under`, its folders left out."""
    id_ = root_of(reader, commit)
    for name in check_path(under).split("/") if under else ():
        entry = read_trees(reader, [id_])[0].get(name)
        if entry is None or not entry.is_folder:
            return []
        id_ = entry.id
    found: list[tuple[str, TreeEntry]] = []
    bounds = _Bounds(commit)
    level = [(f"{under}/" if under else "", id_)]
    while level:
        below: list[tuple[str, str]] = []
        trees = read_trees(reader, [id_ for _, id_ in level])
        for (prefix, _), tree in zip(level, trees, strict=True):
            bounds.pass_by(len(tree), prefix)
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
        TreeTooLarge: there are more than any repository of manifests has.
    """
    bounds = _Bounds(head)
    level = [("", root_of(reader, base), root_of(reader, head))]
    while level:
        read = iter(read_trees(reader, [id_ for _, was, now in level for id_ in (was, now) if id_]))
        below: list[tuple[str, str, str]] = []
        for prefix, was, now in level:
            before: Tree = next(read) if was else {}
            after: Tree = next(read) if now else {}
            bounds.pass_by(len(before) + len(after), prefix)
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
