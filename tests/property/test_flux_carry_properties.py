"""Releases carried between generated files: the structure is the source's, with exactly the kept entries swapped."""

from __future__ import annotations

from typing import TypeAlias

from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from support.yaml_documents import GeneratedFile, Path, yaml_files
from tidegate.errors.manifest import UnsafeEdit
from tidegate.yamledit import Alias, Mapping, Node, Pair, Scalar, graft, parse

SLOW = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
Plain: TypeAlias = "str | list[Plain] | dict[str, Plain]"


def plain(node: Node) -> Plain:
    if isinstance(node, Alias):
        return f"*{node.name}"
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Mapping):
        return {key.text: plain(value) for key, value in node.entries if isinstance(key, Scalar)}
    return [plain(item) for item in node.items]


def document(data: bytes) -> Plain:
    return plain(parse(data).documents[0])


def swapped(source: Plain, target: Plain, path: tuple[str, ...]) -> Plain:
    """The model: what a carried document says."""
    if not isinstance(source, dict):
        return source
    theirs = target if isinstance(target, dict) else {}
    key, *rest = path
    result = dict(source)
    if rest:
        if key in source:
            result[key] = swapped(source[key], theirs.get(key, {}), tuple(rest))
    elif key in theirs:
        result[key] = theirs[key]
    else:
        result.pop(key, None)
    return result


def keys(path: Path) -> tuple[str, ...]:
    named = [part for part in path if isinstance(part, str)]
    return tuple(named[: next((n for n, part in enumerate(path) if isinstance(part, int)), len(path))])


@st.composite
def carried_files(draw: st.DrawFn) -> tuple[GeneratedFile, GeneratedFile, list[tuple[str, ...]]]:
    source, target = draw(yaml_files()), draw(yaml_files())
    paths = [keys(path) for number, path in (*source.values, *target.values) if number == 0]
    chosen = draw(st.lists(st.sampled_from(paths), min_size=1, max_size=3))
    return source, target, [path[: draw(st.integers(1, len(path)))] for path in chosen]


Case: TypeAlias = tuple[GeneratedFile, GeneratedFile, list[tuple[str, ...]]]


@given(carried_files())
@SLOW
def test_exactly_the_kept_entries_are_the_targets(case: Case) -> None:
    source, target, paths = case
    try:
        carried = graft(parse(source.data), parse(target.data), [Pair(0, 0)], paths)
    except UnsafeEdit as error:
        event(f"refused: {error.what.split(':')[0].split(' ', 1)[1]}")
        return
    event("carried")
    wanted, theirs = document(source.data), document(target.data)
    for path in paths:
        wanted = swapped(wanted, theirs, path)
    assert document(carried) == wanted
    assert list(map(plain, parse(carried).documents[1:])) == list(map(plain, parse(source.data).documents[1:]))
    assert graft(parse(carried), parse(target.data), [Pair(0, 0)], paths) == carried


@given(carried_files())
@SLOW
def test_a_release_carried_onto_itself_is_itself(case: Case) -> None:
    source, _, paths = case
    try:
        carried = graft(parse(source.data), parse(source.data), [Pair(0, 0)], paths)
    except UnsafeEdit as error:
        # Anchors and aliases are never moved, nor blocks that stand in brackets; nothing else may be in the way.
        event(f"refused: {error.code}")
        assume(not any(why in error.what for why in ("something else in another file", "brackets")))
        raise
    assert carried == source.data
