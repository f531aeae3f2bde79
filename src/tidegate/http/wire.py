"""HTTP/1.1 as text: the head of a request, the head of an answer, and how its body is framed. Follows RFC 9112."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

_STATUS_LINE: Final = re.compile(r"HTTP/1\.([01]) ([1-5][0-9]{2})(?: .*)?")
_FIELD_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROLS: Final = r"\x00-\x08\x0a-\x1f\x7f"
_NOT_IN_A_FIELD: Final = re.compile(rf"[{_CONTROLS}]")
_FIELD: Final = re.compile(rf"({_FIELD_NAME.pattern}):([^{_CONTROLS}]*)")
_BODILESS: Final = frozenset({204, 304})
_CHUNK_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?")
_LONGEST_NUMBER: Final = 18
_MOST_FIELDS: Final = 200


class NotHttp(Exception):
    """What came is not an answer in HTTP/1.1, or an answer that can be read in two ways."""


@dataclass(frozen=True, slots=True)
class Head:
    """Status and fields of an answer.

    Args:
        status: e.g. 200.
        is_old: the server speaks HTTP/1.0: it closes unless it says otherwise.
        fields: name in lower case → its values, in order.
    """

    status: int
    is_old: bool
    fields: Mapping[str, tuple[str, ...]]

    @property
    def keeps_open(self) -> bool:
        """Whether the server means to keep the connection open after the body (RFC 9112, 9.3)."""
        said = _items(self.fields.get("connection", ()))
        if "transfer-encoding" in self.fields and ("content-length" in self.fields or self.is_old):
            return False  # whoever stands between may see another end of the body (RFC 9112, 6.1 and 6.3)
        return "close" not in said and (not self.is_old or "keep-alive" in said)


def request_head(method: str, target: str, host: str, fields: Mapping[str, str]) -> bytes:
    """Return the head of a request.

    Raises:
        ValueError: a field holds what no field may hold, e.g. a line break.
    """
    for name, value in fields.items():
        if not _FIELD_NAME.fullmatch(name) or _NOT_IN_A_FIELD.search(value):
            raise ValueError(name)
    lines = [f"{method} {target} HTTP/1.1\r\nHost: {host}\r\nAccept-Encoding: identity"]
    lines += [f"{name}: {value}" for name, value in fields.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def parse_head(data: bytes) -> Head:
    """Return the head of an answer; `data` ends with its empty line, or before it.

    Raises:
        NotHttp: it is none.
    """
    first, *lines = data.decode("latin-1").replace("\r\n", "\n").rstrip("\n").split("\n")
    status = _STATUS_LINE.fullmatch(first)
    if status is None or _NOT_IN_A_FIELD.search(first) or len(lines) > _MOST_FIELDS:
        raise NotHttp("the answer does not begin as HTTP does")
    return Head(int(status[2]), status[1] == "0", _fields(lines))


def check_trailers(lines: Iterable[bytes]) -> None:
    """Return when `lines` are fields. What they say is passed over (RFC 9112, 7.1.2).

    Raises:
        NotHttp: one of them is none.
    """
    _fields(line.decode("latin-1") for line in lines)


def _fields(lines: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    fields: dict[str, tuple[str, ...]] = {}
    last = ""
    for line in lines:
        if field := _FIELD.fullmatch(line):
            name, value = field.groups()
            last = name.lower()
            fields[last] = (*fields.get(last, ()), value.strip(" \t"))
        elif _NOT_IN_A_FIELD.search(line):
            raise NotHttp("a field of the answer holds what no field may hold")
        elif line.startswith((" ", "\t")) and last:  # a folded line, as old servers send them (RFC 9112, 5.2)
            *before, value = fields[last]
            fields[last] = (*before, f"{value} {line.strip()}")
        else:
            raise NotHttp("a field of the answer can't be read")
    return fields


def body_length(head: Head, method: str) -> int | None:
    """Return the bytes of the body, or None when only its end tells (RFC 9112, 6.3); see `is_chunked`.

    Raises:
        NotHttp: the server says different lengths, or none that can be read.
    """
    length = _declared_length(head)
    if is_chunked(head):
        length = None
    return 0 if method == "HEAD" or head.status in _BODILESS else length


def _declared_length(head: Head) -> int | None:
    said = head.fields.get("content-length")
    if said is None:
        return None
    number, *others = set(_items(said))
    if others or not (number.isascii() and number.isdecimal()) or len(number) > _LONGEST_NUMBER:
        raise NotHttp("the answer's length can't be read")
    return int(number)


def is_chunked(head: Head) -> bool:
    """Return whether the body comes in chunks.

    Raises:
        NotHttp: it comes in a coding that we did not ask for, or in chunks of chunks.
    """
    codings = _items(head.fields.get("transfer-encoding", ()))
    if codings not in ([], ["chunked"]):
        raise NotHttp("the answer comes in a transfer coding that is not known")
    return bool(codings)


def chunk_size(line: bytes) -> int:
    """Return the size that a chunk's first line says; extensions are passed over (RFC 9112, 7.1).

    Raises:
        NotHttp: it says none.
    """
    found = _CHUNK_SIZE.fullmatch(line)
    if found is None:
        raise NotHttp("a chunk's size can't be read")
    return int(found[1], 16)


def _items(values: Iterable[str]) -> list[str]:
    return [part.strip(" \t").lower() for value in values for part in value.split(",")]
