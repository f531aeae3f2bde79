"""Commit objects, as bytes and as values (gitformat: headers, an empty line, the message)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from tidegate.errors.git import CacheBroken
from tidegate.git.message import subject_of, trailers_of
from tidegate.git.names import check_commit
from tidegate.git.objects import ObjectReader
from tidegate.git.trees import missing
from tidegate.model.merge_request import Commit

_PERSON: Final = re.compile(r"(?P<name>.*?) ?<(?P<email>[^>]*)>(?: (?P<seconds>-?\d{1,12}))?(?: [+-]\d{4})?.*")


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
        return data.decode(encoding, "replace")
    except LookupError:
        return data.decode("utf-8", "replace")


def _person(line: str) -> tuple[str, str, datetime]:
    match = _PERSON.fullmatch(line)
    if match is None:
        return line, "", datetime.fromtimestamp(0, UTC)
    return match["name"], match["email"], datetime.fromtimestamp(int(match["seconds"] or 0), UTC)


def read_commits(reader: ObjectReader, commits: Iterable[str]) -> tuple[Commit, ...]:
    """Return the commits of these ids, in order.

    Raises:
        CommitMissing: the repository lacks one of them.
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
    contents = reader.contents(info.id for info in infos if info is not None)
    for id_, data in zip(ids, contents, strict=True):
        if data is None:
            raise CacheBroken("a commit vanished while it was read", hint="try again")
        yield id_, parse_commit(id_, data)
