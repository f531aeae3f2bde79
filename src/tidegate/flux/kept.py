"""What a HelmRelease has at the paths that `keep:` names, held against the file that it replaces."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from tidegate.flux.follow import Follower
from tidegate.flux.helmrelease import releases_in, view_at
from tidegate.yamledit import Node, parse
from tidegate.yamledit.compare import first_difference

KeyPath: TypeAlias = tuple[str, ...]


def not_kept(
    data: bytes, before: bytes | None, keep: Iterable[KeyPath], *, file: str = "<data>"
) -> tuple[KeyPath, ...]:
    """Return the paths of `keep` at which `data` does not say what `before` says.

    Args:
        data: a file with HelmReleases.
        before: the file that it replaces; None when there is none yet: then it has nothing at any path.
        keep: paths in the HelmRelease, e.g. `("spec", "values", "ingress")`.
        file: the file's name, for errors.

    Raises:
        NotHelmRelease: one of the files holds none.
        InvalidYaml, YamlTooLarge: as `tidegate.yamledit.documents`.
    """
    paths = tuple(keep)
    if not paths:
        return ()
    ours, theirs = _values(data, paths, file), _values(before, paths, file) if before is not None else {}
    return tuple(path for path in paths if not _same(ours.get(path, []), theirs.get(path, [])))


def _values(data: bytes, paths: tuple[KeyPath, ...], file: str) -> dict[KeyPath, list[Node]]:
    stream = parse(data, file=file)
    follower = Follower(stream)
    found: dict[KeyPath, list[Node]] = {}
    for _, release in releases_in(stream, follower):
        for path in paths:
            value = view_at(follower, release, *path)
            if value is not None:
                found.setdefault(path, []).append(value.node)
    return found


def _same(ours: list[Node], theirs: list[Node]) -> bool:
    pairs = zip(ours, theirs, strict=False)
    return len(ours) == len(theirs) and all(first_difference(one, other, {}) is None for one, other in pairs)
