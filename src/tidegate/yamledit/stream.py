"""From bytes to nodes: decode, bound, parse. Events of libyaml, never constructed values.

libyaml's marks count characters, leave out the byte order mark, and take U+0085, U+2028, U+2029 and a lone
carriage return for line ends; editors do not. An anchor may be defined twice (YAML 1.2, 3.2.2.2): the last one counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import yaml
from yaml import CBaseLoader

from tidegate.errors import Place
from tidegate.errors.manifest import InvalidYaml, YamlTooLarge
from tidegate.yamledit.builder import Builder
from tidegate.yamledit.lines import line_table
from tidegate.yamledit.node import Node

MAX_BYTES: Final = 5 * 1024 * 1024

BOM: Final = "\ufeff"
_ODD_LINE_END: Final = re.compile("[\x85\u2028\u2029]|\r(?!\n)")
_CONTROL: Final = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """A parsed file.

    Args:
        text: the decoded text, without the byte order mark.
        bom: whether the file starts with a byte order mark.
        documents: the root of each document; an empty document is an empty scalar.
        shared: offsets of the nodes that an alias stands for: a change there shows elsewhere too.
        file: the file's name, for errors.
    """

    text: str
    bom: bool
    documents: tuple[Node, ...]
    shared: frozenset[int]
    file: str

    def place(self, node: Node) -> Place:
        """Return where `node` starts."""
        return Place(self.file, node.line, node.column)


def documents(data: bytes, *, file: str = "<data>") -> list[Node]:
    """Return the root node of each document in `data`.

    Raises:
        InvalidYaml: not UTF-8 or not YAML, with line and column.
        YamlTooLarge: over 5 MiB, nested deeper than 100, or more than 300,000 nodes.
    """
    return list(parse(data, file=file).documents)


def parse(data: bytes, *, file: str = "<data>") -> Stream:
    """Return `data` as text and nodes; raises as `documents` does."""
    if len(data) > MAX_BYTES:
        raise YamlTooLarge(
            f"larger than the {MAX_BYTES:,} bytes that a manifest may have",
            where=Place(file),
            hint="keep generated or binary content out of manifests",
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InvalidYaml("not UTF-8 text", where=Place(file, line), hint="save the file as UTF-8") from error
    bom = text.startswith(BOM)
    return parse_text(text[1:] if bom else text, bom=bom, file=file)


def parse_text(text: str, *, bom: bool, file: str) -> Stream:
    """Return the stream that `text` (without its byte order mark) holds; raises as `documents` does."""
    if text.startswith(BOM):
        raise _unacceptable(text, 0, file)
    is_usual = text.isascii() and "\r" not in text
    position = None if is_usual or not _ODD_LINE_END.search(text) else line_table(text)
    builder = Builder(file, position)
    parser = CBaseLoader(text)
    try:
        builder.run(parser)
    except yaml.reader.ReaderError as error:
        found = _CONTROL.search(text)
        raise _unacceptable(text, found.start() if found else 0, file) from error
    except yaml.MarkedYAMLError as error:
        raise _not_yaml(error, text, file) from error
    finally:
        parser.dispose()
    return Stream(text, bom, tuple(builder.roots), frozenset(builder.shared), file)


def _unacceptable(text: str, offset: int, file: str) -> InvalidYaml:
    return InvalidYaml(
        f"the character U+{ord(text[offset]):04X} can't stand in YAML",
        where=Place(file, *line_table(text)(offset)),
        hint='delete it, or write it as an escape in a "double-quoted" value',
    )


def _not_yaml(error: yaml.MarkedYAMLError, text: str, file: str) -> InvalidYaml:
    what = ", ".join(part for part in (error.context, error.problem) if part)
    mark = error.problem_mark or error.context_mark
    place = Place(file) if mark is None else Place(file, *line_table(text)(mark.index))
    return InvalidYaml(f"not YAML: {what}", where=place, hint="correct the file at this place")
