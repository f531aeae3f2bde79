"""From the bytes of tidegate.yaml to a tree. Scalars are read by the core schema of YAML 1.2 (section 10.3.2)."""

from __future__ import annotations

import re
from typing import Final

from tidegate.config.tree import Atom, Block, Leaf, Node, Path, Row, dotted
from tidegate.errors import Place
from tidegate.errors.config import ConfigInvalid, Finding
from tidegate.errors.manifest import InvalidYaml, YamlTooLarge
from tidegate.yamledit import documents
from tidegate.yamledit import node as yaml

MAX_BYTES: Final = 1024 * 1024
MAX_VALUES: Final = 50_000
MAX_DEPTH: Final = 100

_NULL: Final = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL: Final = {
    text: value for value, name in ((True, "true"), (False, "false")) for text in (name, name.title(), name.upper())
}
_INT: Final = re.compile(r"[-+]?[0-9]{1,18}", re.ASCII)
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_STRING_TAGS: Final = frozenset({None, "!", "tag:yaml.org,2002:str"})


def read(data: bytes, file: str) -> tuple[Block, tuple[Finding, ...]]:
    """Return the tree of one YAML mapping, and what is wrong with its writing (keys that stand twice …).

    Args:
        data: the file's bytes.
        file: its name, for places.

    Raises:
        ConfigInvalid: it is no YAML, not one mapping, empty, too large, or expands too far.
    """
    if len(data) > MAX_BYTES:
        raise _wrong(Place(file), f"the file is larger than {MAX_BYTES:,} bytes", "this is not a tidegate.yaml")
    try:
        roots = documents(data, file=file)
    except (InvalidYaml, YamlTooLarge) as error:
        place = error.where if isinstance(error.where, Place) else Place(file)
        raise _wrong(place, error.what, error.hint) from error
    if not roots or (isinstance(roots[0], yaml.Scalar) and not roots[0].text):
        raise _wrong(Place(file, 1, 1), "the file is empty", "begin with version: 1")
    if len(roots) > 1:
        raise _wrong(
            Place(file, roots[1].line, 1), "a second YAML document begins here", "keep one document in the file"
        )
    reader = _Reader(file)
    tree = reader.node(roots[0], ())
    if not isinstance(tree, Block):
        raise _wrong(tree.place, "expected a mapping of keys and values", "begin with version: 1")
    return tree, tuple(reader.findings)


def _wrong(place: Place, what: str, hint: str | None) -> ConfigInvalid:
    return ConfigInvalid((Finding(place, "", what, hint),))


class _Reader:
    """Follows aliases and counts what it follows; notes what is wrong and goes on."""

    def __init__(self, file: str) -> None:
        self.findings: list[Finding] = []
        self._file = file
        self._count = 0

    def node(self, node: yaml.Node, path: Path) -> Node:
        """Return `node` as a tree."""
        self._count += 1
        if self._count > MAX_VALUES or len(path) > MAX_DEPTH:  # aliases multiply and nest beyond what was parsed
            what = f"the file expands to more than {MAX_VALUES:,} values, or deeper than {MAX_DEPTH} levels"
            raise _wrong(self._place(node), what, "write values out, not aliases")
        match node:
            case yaml.Alias():
                return self.node(node.target, path)
            case yaml.Mapping():
                return self._block(node, path)
            case yaml.Sequence():
                items = tuple(self.node(item, (*path, index)) for index, item in enumerate(node.items))
                return Row(items, self._place(node))
            case yaml.Scalar():
                return Leaf(self._atom(node, path), self._place(node))

    def _block(self, node: yaml.Mapping, path: Path) -> Block:
        entries: dict[str, Node] = {}
        keys: dict[str, Place] = {}
        for key, value in node.entries:
            place = self._place(key)
            if not isinstance(key, yaml.Scalar):
                self._note(place, path, "expected a plain key", "write a name before the colon")
                continue
            name, here = key.text, (*path, key.text)
            if name in entries:
                self._note(place, here, f"{_named(here)} stands twice; first at {keys[name]}", "delete or rename one")
                continue
            entries[name] = self.node(value, here)
            keys[name] = place
        return Block(entries, self._place(node), keys)

    def _atom(self, node: yaml.Scalar, path: Path) -> Atom:
        if node.tag not in _STRING_TAGS:
            self._note(self._place(node), path, f"the YAML tag {node.tag!r} has no meaning here", "delete it")
        if node.style is not yaml.Style.PLAIN or node.tag is not None:
            return node.text
        if node.text in _NULL:
            return None
        if node.text in _BOOL:
            return _BOOL[node.text]
        if _INT.fullmatch(node.text):
            return int(node.text)
        return float(node.text) if _FLOAT.fullmatch(node.text) else node.text

    def _place(self, node: yaml.Node) -> Place:
        return Place(self._file, node.line, node.column)

    def _note(self, place: Place, path: Path, what: str, hint: str) -> None:
        self.findings.append(Finding(place, dotted(path), what, hint))


def _named(path: Path) -> str:
    """Return what a person calls the thing at `path`: `environment e2e`, or `the key tag`."""
    kinds = {"environments": "environment", "services": "service", "registries": "registry"}
    kind = kinds.get(str(path[0])) if len(path) == 2 else None  # noqa: PLR2004 # section and name
    return f"{kind} {path[-1]!r}" if kind else f"the key {path[-1]!r}"
