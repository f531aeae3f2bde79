"""Edits of single values, every other byte kept: find the span, splice, parse again, compare."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tidegate.errors.manifest import UnsafeEdit
from tidegate.yamledit.locate import locate
from tidegate.yamledit.node import Path
from tidegate.yamledit.paths import dotted
from tidegate.yamledit.scalar import scalar_splice
from tidegate.yamledit.splice import Splice, encoded, reparse, verify
from tidegate.yamledit.stream import parse


@dataclass(frozen=True, slots=True)
class Edit:
    """One value to write.

    Args:
        path: keys and list indexes from the document's root, e.g. `("spec", "values", "image", "tag")`.
        value: the string that every reader shall read there.
        document: index of the document in the file, from 0.
    """

    path: Path
    value: str
    document: int = 0


def apply(data: bytes, edits: Iterable[Edit], *, file: str = "<data>") -> bytes:
    """Return `data` with the edited values, every other byte as it was.

    Quotes stay as they are; plain text gets quotes where YAML 1.1 or 1.2 would not read it as a string.
    A value that is there already, as a string, is left as it is written.

    Args:
        data: the file.
        edits: what to write; each value once.
        file: the file's name, for errors.

    Raises:
        UnsafeEdit: an edit would touch more than its value, or its effect can't be known: through an alias, an
            anchor that is used elsewhere or a merge key, a key that is written twice, a path that does not exist.
        InvalidYaml: `data` is not YAML.
        YamlTooLarge: `data` is too large.
    """
    stream = parse(data, file=file)
    splices: list[Splice] = []
    wanted: dict[int, str] = {}
    for edit in edits:
        target = locate(stream, edit.path, edit.document)
        if id(target.scalar) in wanted:
            raise UnsafeEdit(
                f"{dotted(edit.path)} is edited twice", where=stream.place(target.scalar), hint="edit each value once"
            )
        wanted[id(target.scalar)] = edit.value
        splice = scalar_splice(stream, target, edit.path, edit.value)
        if splice is not None:
            splices.append(splice)
    if not splices:
        return data
    after = reparse(stream, splices)
    verify(stream, after, wanted)
    return encoded(after)
