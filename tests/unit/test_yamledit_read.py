"""Reading at span level: places, anchors, bounds."""

from __future__ import annotations

import pytest

from tidegate.errors import Place
from tidegate.errors.manifest import InvalidYaml, YamlTooLarge
from tidegate.yamledit import Alias, Mapping, Node, Scalar, Sequence, Style, documents, parse


def value(root: Node, key: str) -> Node:
    assert isinstance(root, Mapping)
    found = root.get(key)
    assert found is not None
    return found


@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_places_are_counted_as_editors_count_them(bom: str) -> None:
    text = f"{bom}a: é👍 # \u2028# \x85# \nb:\r\n  c: x\n"
    stream = parse(text.encode(), file="x.yaml")
    node = value(value(stream.documents[0], "b"), "c")
    assert isinstance(node, Scalar)
    assert stream.place(node) == Place("x.yaml", 3, 6)
    assert stream.text[node.start : node.end] == "x"


def test_nodes_tell_how_they_are_written() -> None:
    (root,) = documents(b"p: a\ns: 'a'\nd: \"a\"\nl: |\n  a\nf: >\n  a\nq: [a, {b: c}]\nn: &n !t a\n")
    styles = [value(root, key) for key in "psdlf"]
    assert [node.style for node in styles if isinstance(node, Scalar)] == list(Style)
    listed, named = value(root, "q"), value(root, "n")
    assert isinstance(listed, Sequence)
    assert listed.flow
    assert isinstance(named, Scalar)
    assert (named.anchor, named.tag, named.text) == ("n", "!t", "a")


def test_an_alias_stands_for_the_anchor_before_it() -> None:
    (root,) = documents(b"a: &x 1\nb: *x\nc: &x 2\nd: *x\n")
    targets = [alias.target for key in "bd" if isinstance(alias := value(root, key), Alias)]
    assert [target.text for target in targets if isinstance(target, Scalar)] == ["1", "2"]
    assert repr(value(root, "b")) == "Alias(*x)"


def test_anchors_end_with_their_document() -> None:
    with pytest.raises(InvalidYaml, match="no anchor &x"):
        documents(b"a: &x 1\n---\nb: *x\n")


@pytest.mark.parametrize(
    ("data", "line", "column"),
    [
        (b"a: 1\nb: [\n", 3, 1),
        (b"a: b: c\n", 1, 5),
        (b"\xef\xbb\xbfa: 1\n\tb: 2\n", 2, 1),
        ("a: é\nb: \x07\n".encode(), 2, 4),
        (b"a: 1\nb: \xff\n", 2, None),
        (b"a: 1\nb: *x\n", 2, 4),
        (b"a: &x [*x]\n", 1, 8),
        ("\ufeff\ufeffa: 1\n".encode(), 1, 1),
        ("a: 1\n".encode("utf-16"), 1, None),
    ],
)
def test_what_is_not_yaml_is_refused_with_its_place(data: bytes, line: int, column: int | None) -> None:
    with pytest.raises(InvalidYaml) as caught:
        documents(data, file="x.yaml")
    assert caught.value.where == Place("x.yaml", line, column)


@pytest.mark.parametrize(
    "data",
    [
        b"#" * (5 * 1024 * 1024 + 1),
        b"[" * 101 + b"]" * 101,
        b"- " * 101 + b"a",
        b"[" + b"a," * 300_001 + b"]",
    ],
    ids=["bytes", "brackets", "lists", "values"],
)
def test_what_no_manifest_is_is_refused(data: bytes) -> None:
    with pytest.raises(YamlTooLarge):
        documents(data)


def test_an_alias_bomb_is_read_without_expanding_it() -> None:
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 60)]
    (root,) = documents("\n".join(lines).encode())
    assert len(repr(root)) < 100_000
