"""Generated YAML files with the pitfalls of real ones, and where their values stand."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

Path = tuple[str | int, ...]

PLAIN = ("1.2.3", "host:5000/team/app", "v1", "a b", "110", "1.10", "true", "~", "ünï", "👍 ok", "x#y", "-a", "0x1f")
QUOTED = ("1.10", "", "it's", "a # b", "a: b", "{x}", "tab\tin", "ünï 👍", "no\u2028break")
COMMENTS = ("", "", "  # note", ' # {"$imagepolicy": "flux-system:app:tag"}', " # 👍\u2028# *x &y")
VALUES = st.one_of(
    st.sampled_from(
        ["1.2.3", "1.10", "0123", "1:30", "1_000", "yes", "2024-01-02", "1e3", "", " ", "~", "null", "a: b", "a #b"]
    ),
    st.sampled_from(
        ["{a}", "[a]", "a, b", "*x", "&x", "!x", "'q'", '"q"', "\\n", "line\nline", "line\n", "ends:", "%a"]
    ),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12),
)


@dataclass(frozen=True)
class GeneratedFile:
    """A file, with the paths of its single values: `(document, path)`."""

    data: bytes
    values: tuple[tuple[int, Path], ...]


class _Writer:
    """Writes one document, line by line, and notes where values stand."""

    def __init__(self, draw: st.DrawFn, document: int) -> None:
        self.lines: list[str] = []
        self.values: list[tuple[int, Path]] = []
        self._draw = draw
        self._document = document
        self._anchors = 0

    def mapping(self, path: Path, indent: int, depth: int) -> None:
        for number in range(self._draw(st.integers(1, 4))):
            self._decoration(indent)
            key = self._draw(st.sampled_from([f"key{number}", f'"k {number}"', f"'k{number}'", f"k.{number}"]))
            self._value(f"{' ' * indent}{key}:", (*path, key.strip("\"'")), indent, depth)

    def _sequence(self, path: Path, indent: int, depth: int) -> None:
        for index in range(self._draw(st.integers(1, 3))):
            self._decoration(indent)
            self._value(f"{' ' * indent}-", (*path, index), indent, depth)

    def _value(self, head: str, path: Path, indent: int, depth: int) -> None:
        kinds = ["plain", "single", "double", "empty", "literal", "folded", "flow", "multi"]
        if depth < 3:
            kinds += ["mapping", "sequence"] * 2
        kind = self._draw(st.sampled_from(kinds))
        deeper = indent + self._draw(st.sampled_from([1, 2, 4]))
        if kind == "mapping":
            self.lines.append(head + self._comment())
            self.mapping(path, deeper, depth + 1)
        elif kind == "sequence":
            self.lines.append(head + self._comment())
            flush = isinstance(path[-1], str) and self._draw(st.booleans())
            self._sequence(path, indent if flush else deeper, depth + 1)
        elif kind == "flow":
            self._flow(head, path)
        elif kind in {"literal", "folded"}:
            self._block("|" if kind == "literal" else ">", head, path, deeper)
        else:
            self._scalar(kind, head, path, deeper)

    def _scalar(self, kind: str, head: str, path: Path, indent: int) -> None:
        properties = self._draw(st.sampled_from(["", "", "", "&", "!!str ", "!!int "]))
        if properties == "&":
            self._anchors += 1
            properties = f"&a{self._anchors} "
        if kind == "plain":
            text = self._draw(st.sampled_from(PLAIN))
        elif kind == "single":
            text = "'" + self._draw(st.sampled_from(QUOTED)).replace("'", "''") + "'"
        elif kind == "double":
            text = '"' + self._draw(st.sampled_from(QUOTED)).replace("\t", "\\t").replace("\u2028", "\\L") + '"'
        elif kind == "multi":
            text = f"one\n{' ' * indent}two" if self._draw(st.booleans()) else f'"one\n\n{" " * indent}two"'
        else:
            text = ""
        self.values.append((self._document, path))
        gap = self._draw(st.sampled_from([" ", "  "]))
        line = f"{head}{gap}{properties}{text}" if text or properties else head
        tab = "\t# after a tab" if text and self._draw(st.booleans()) else ""
        self.lines += (line + (tab or self._comment())).split("\n")

    def _block(self, style: str, head: str, path: Path, indent: int) -> None:
        chomping = self._draw(st.sampled_from(["", "-", "+"]))
        body = self._draw(st.sampled_from([["text"], ["one", "two"], ["one", "", "  deeper"], ["ünï 👍"]]))
        self.values.append((self._document, path))
        comment = self._comment().partition("\u2028")[0]  # a reader that ends lines there would see a body
        self.lines.append(f"{head} {style}{chomping}{comment}")
        self.lines += [" " * indent + line if line else "" for line in body]

    def _flow(self, head: str, path: Path) -> None:
        first = self._draw(st.sampled_from(["1.2.3", "'a, b'", '"x"', "host/app:1", ""]))
        if self._draw(st.booleans()):
            self.lines.append(f"{head} {{a: {first}, b: [1, two]}}{self._comment()}")
            paths = [(*path, "a"), (*path, "b", 0), (*path, "b", 1)]
        else:
            self.lines.append(f"{head} [{first or '~'}, {{c: d}}]{self._comment()}")
            paths = [(*path, 0), (*path, 1, "c")]
        self.values += [(self._document, each) for each in paths]

    def _decoration(self, indent: int) -> None:
        kind = self._draw(st.sampled_from(["", "", "", "blank", "comment", "outside"]))
        if kind == "blank":
            self.lines.append("")
        elif kind:
            self.lines.append(" " * (indent if kind == "comment" else 0) + "# tag: 1.0.0 — a comment")

    def _comment(self) -> str:
        return self._draw(st.sampled_from(COMMENTS))


@st.composite
def yaml_files(draw: st.DrawFn) -> GeneratedFile:
    """Files of one to three documents."""
    lines: list[str] = []
    values: list[tuple[int, Path]] = []
    count = draw(st.integers(1, 3))
    for document in range(count):
        writer = _Writer(draw, document)
        writer.mapping((), 0, 0)
        if document or draw(st.booleans()):
            lines.append("---")
        lines += writer.lines
        values += writer.values
    text = draw(st.sampled_from(["\n", "\r\n"])).join(lines)
    text += draw(st.sampled_from(["", "\n", "\n\n"])).replace("\n", "\r\n" if "\r\n" in text else "\n")
    bom = draw(st.sampled_from(["", "\ufeff"]))
    return GeneratedFile((bom + text).encode(), tuple(values))
