"""Commit objects, as bytes and as values (gitformat: headers, an empty line, the message)."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from tidegate.errors.git import CacheBroken
from tidegate.git.message import subject_of, trailers_of
from tidegate.git.names import check_commit
from tidegate.git.objects import ObjectReader
from tidegate.git.trees import missing, require_few_bytes
from tidegate.model.merge_request import Commit

_TIME: Final = re.compile(r" (-?[0-9]+)")
_LONGEST_TIME: Final = 40
_LAST: Final = 4_102_444_800
"""The year 2100. No later time is believed, for git takes years that no calendar has."""
_PYTHONS_OWN: Final = frozenset({"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"})
"""What Python takes for an encoding of text, and nobody else does."""


def parse_commit(commit: str, data: bytes) -> Commit:
    """Return the commit that an object's bytes say.

    Args:
        commit: its id.
        data: the bytes of the object. Text that is not in its declared encoding gets replacement characters.
    """
    head, _, message = data.partition(b"\n\n")
    parents: list[str] = []
    values: dict[str, str] = {}
    for line in head.split(b"\n"):
        name, _, value = line.decode("utf-8", "surrogateescape").partition(" ")
        if name == "parent":
            parents.append(value)
        elif name:
            values.setdefault(name, value)
    encoding = values.get("encoding", "utf-8")
    author, email, _ = _person(_text(values.get("author", "").encode("utf-8", "surrogateescape"), encoding))
    text = _text(message, encoding)
    return Commit(
        id=commit,
        parents=tuple(parents),
        author=author,
        email=email,
        at=_person(values.get("committer", ""))[2],
        subject=subject_of(text),
        trailers=trailers_of(text),
    )


def _text(data: bytes, encoding: str) -> str:
    try:
        known = codecs.lookup(encoding)
        text = data.decode("utf-8" if known.name in _PYTHONS_OWN else encoding, "replace")
        return text.encode("utf-8", "replace").decode()  # UTF-7 may spell half a character, which fits into no page
    except (LookupError, ValueError):
        return data.decode("utf-8", "replace")


def _person(line: str) -> tuple[str, str, datetime]:
    name, _, rest = line.partition("<")
    email, end, rest = rest.partition(">")
    time = _TIME.match(rest[:_LONGEST_TIME])
    seconds = min(max(int(time[1]), 0), _LAST) if time else 0
    at = datetime.fromtimestamp(seconds, UTC)
    return (name.removesuffix(" "), email, at) if end else (line, "", at)


def read_commits(reader: ObjectReader, commits: Iterable[str]) -> tuple[Commit, ...]:
    """Return the commits of these ids, in order.

    Raises:
        CommitMissing: the repository lacks one of them.
        TreeTooLarge: one is over 16 MiB, or all are over 48 MiB.
        CacheBroken: an object is no commit any more.
    """
    ids = [check_commit(commit) for commit in commits]
    found = reader.commits.all(ids, lambda unknown: _read(reader, unknown))
    return tuple(found[id_] for id_ in ids)


def _read(reader: ObjectReader, ids: Sequence[str]) -> Iterator[tuple[str, Commit]]:
    infos = reader.info(f"{commit}^{{commit}}" for commit in ids)
    for commit, info in zip(ids, infos, strict=True):
        if info is None:
            raise missing(commit)
    require_few_bytes(infos, "commits that are read at once")
    contents = reader.contents(info.id for info in infos if info is not None)
    for id_, data in zip(ids, contents, strict=True):
        if data is None:
            raise CacheBroken("a commit vanished while it was read", hint="try again")
        yield id_, parse_commit(id_, data)
