"""Carrying a release: a copy of the source's file, with what stays as the target has it."""

from __future__ import annotations

from collections.abc import Iterable

from tidegate.errors import Place
from tidegate.errors.manifest import UnsafeEdit
from tidegate.flux.follow import Follower
from tidegate.flux.helmrelease import HelmRelease, releases_in
from tidegate.yamledit import Pair, Stream, graft, parse


def carry_release(
    source: bytes, target: bytes | None, keep: Iterable[tuple[str, ...]], *, file: str = "<data>"
) -> bytes:
    """Return the bytes of `source` with, for each path of `keep`, what `target` has there.

    Kept is a whole entry: key, value and its comments. What both have is replaced, what only the target has is added
    at the end of its mapping, what only the source has is removed. Other documents of the source move with the copy.

    Args:
        source: the file that holds the HelmRelease to carry.
        target: the file that it replaces, or None when there is none yet: then the source is returned as it is.
        keep: paths in the HelmRelease, e.g. `("spec", "values", "ingress")`.
        file: the target file's name, for errors.

    Raises:
        UnsafeEdit: a path leads through aliases, anchors, merge keys or keys written twice, or the source has no
            mapping to put an entry into; it can't be told which HelmReleases belong together.
        NotHelmRelease: one of the files holds none.
        InvalidYaml, YamlTooLarge: as `tidegate.yamledit.documents`.
    """
    paths = tuple(keep)
    if target is None or not paths:
        return source
    from_stream, to_stream = parse(source, file=file), parse(target, file=file)
    return graft(from_stream, to_stream, _pairs(from_stream, to_stream), paths)


def _pairs(source: Stream, target: Stream) -> list[Pair]:
    ours, theirs = _releases(source), _releases(target)
    if len(ours) == len(theirs) == 1:
        return [Pair(ours[0].document, theirs[0].document)]
    pairs = []
    for release in ours:
        same = [other for other in theirs if other.name == release.name]
        if len(same) != 1 or not release.name:
            raise UnsafeEdit(
                f"{len(same)} HelmReleases of the target are named {release.name!r}: what to keep can't be told",
                where=Place(source.file, release.line),
                hint="keep one HelmRelease in each file, or give them the same names in both",
            )
        pairs.append(Pair(release.document, same[0].document))
    return pairs


def _releases(stream: Stream) -> list[HelmRelease]:
    return [release for release, _ in releases_in(stream, Follower(stream))]
