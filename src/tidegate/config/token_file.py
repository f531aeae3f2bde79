"""The file with API tokens' hashes, which people may read, review and keep in git: it holds no secret."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, TypeAdapter, ValidationError

from tidegate.config import grammar
from tidegate.config.explain import explain
from tidegate.config.grammar import Wrong
from tidegate.config.read import read
from tidegate.config.section import Section, checked
from tidegate.config.tree import plain
from tidegate.errors.config import ConfigInvalid, Finding
from tidegate.errors.server import TokenExists, TokenFileInvalid
from tidegate.model.role import Role, Scope
from tidegate.whole_file import held, replace_file

_HASH: Final = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class TokenEntry:
    """An API token, as the file has it.

    Args:
        name: what people call it.
        user: who acts when it is used: a user name on the forge.
        scope: what it may do.
        expires: until when (UTC).
        digest: `sha256:` and the hash of the token, which has so many random bits that nobody guesses it.
    """

    name: str
    user: str
    scope: Scope
    expires: datetime
    digest: str

    def text(self) -> str:
        """Return the entry as it is written into the file."""
        lines = [
            f"{self.name}:",
            f"  user: {self.user}",
            f"  role: {self.scope.role.value}",
            f'  expires: "{self.expires:%Y-%m-%dT%H:%M:%SZ}"',
            f"  hash: {self.digest}",
        ]
        if self.scope.environments is not None:
            lines.insert(3, f"  environments: [{', '.join(sorted(self.scope.environments))}]")
        return "\n".join(lines) + "\n"


def read_tokens(data: bytes, file: str) -> Mapping[str, TokenEntry]:
    """Return the tokens in a file, by name. An empty file has none.

    Args:
        data: the file's bytes.
        file: its name, for places.

    Raises:
        TokenFileInvalid: it is no such file; tells the first thing that is wrong.
    """
    if not any(line.strip() and not line.lstrip().startswith(b"#") for line in data.splitlines()):
        return {}
    try:
        tree, findings = read(data, file)
    except ConfigInvalid as error:
        raise _invalid(error.findings) from error
    try:
        sections = _SECTIONS.validate_python(plain(tree))
    except ValidationError as error:
        raise _invalid((*findings, *explain(error, tree))) from error
    if findings:
        raise _invalid(findings)
    return {name: _entry(name, section) for name, section in sections.items()}


def _time(text: str) -> Wrong | None:
    try:
        at = datetime.fromisoformat(text)
        at.astimezone(UTC)
    except (ValueError, OverflowError):  # too early or too late to be told in UTC
        at = None
    if at is not None and at.tzinfo is not None:
        return None
    return Wrong(f"{text!r} is no time with a time zone", 'e.g. "2027-01-31T12:00:00Z"')


def _hash(text: str) -> Wrong | None:
    if _HASH.fullmatch(text):
        return None
    return Wrong("this is no hash of a token", "`tidegate token create` writes sha256: and 64 hexadecimal digits")


class _TokenSection(Section):
    user: Annotated[str, checked(grammar.user)]
    role: Literal["viewer", "promoter", "deliverer", "admin"]
    environments: list[str] | None = Field(default=None, min_length=1)
    expires: Annotated[str, checked(_time)]
    hash: Annotated[str, checked(_hash)]


_SECTIONS: Final = TypeAdapter(dict[Annotated[str, checked(grammar.name)], _TokenSection])


def _entry(name: str, section: _TokenSection) -> TokenEntry:
    where = None if section.environments is None else frozenset(section.environments)
    expires = datetime.fromisoformat(section.expires).astimezone(UTC)
    return TokenEntry(name, section.user, Scope(Role(section.role), where), expires, section.hash)


def _invalid(findings: tuple[Finding, ...]) -> TokenFileInvalid:
    first = findings[0]
    key = f"{first.key}: " if first.key else ""
    return TokenFileInvalid(f"{key}{first.what}", where=first.place, hint=first.hint)


def token_file_bytes(file: Path) -> bytes:
    """Return the bytes of a file with tokens; b"" when there is none yet.

    Raises:
        TokenFileInvalid: the system does not let it be read.
    """
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise TokenFileInvalid(
            f"can't be read: {error.strerror}", where=str(file), hint="check the file's rights"
        ) from error


def add_token(file: Path, entry: TokenEntry) -> None:
    """Add an entry to a file, which is made where it is not there. Whoever adds another meanwhile waits.

    Raises:
        TokenFileInvalid: the file, or the entry's name or user, is not as it must be.
        TokenExists: it has an entry of that name.
        OSError: the system refuses it.
    """
    read_tokens(entry.text().encode(), str(file))  # what is refused makes no file
    with held(file):
        _add(file, entry)


def _add(file: Path, entry: TokenEntry) -> None:
    before = token_file_bytes(file)
    if entry.name in read_tokens(before, str(file)):
        raise TokenExists(f"there is a token {entry.name!r}", where=str(file), hint="delete its entry, or name another")
    head = before if not before or before.endswith(b"\n") else before + b"\n"
    after = head + entry.text().encode()
    read_tokens(after, str(file))
    replace_file(file, after)
