"""Keys: what there is to look at. A key says where to look, never what was seen there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, TypeAlias

from tidegate.errors.model import InvalidKey

_MERGE_REQUEST: Final = re.compile(r"merge-request ([^ ]+)!([1-9][0-9]{0,9})", re.ASCII)
_SERVICE: Final = re.compile(r"service ([^ ]+) ([^ ]+)")


@dataclass(frozen=True, slots=True)
class EverythingKey:
    """All services, environments and open merge requests: the resync."""

    def __str__(self) -> str:
        return "everything"


@dataclass(frozen=True, slots=True)
class ServiceKey:
    """One service in one environment.

    Args:
        service: its name.
        environment: the environment's name.
    """

    service: str
    environment: str

    def __str__(self) -> str:
        return f"service {self.environment} {self.service}"


@dataclass(frozen=True, slots=True)
class MergeRequestKey:
    """One merge request.

    Args:
        project: project path on the forge.
        iid: its number in the project.
    """

    project: str
    iid: int

    def __str__(self) -> str:
        return f"merge-request {self.project}!{self.iid}"


Key: TypeAlias = EverythingKey | ServiceKey | MergeRequestKey


def parse_key(text: str) -> Key:
    """Return the key whose `str` is `text`; names hold no spaces.

    Raises:
        InvalidKey: it is no key's.
    """
    if text == str(EverythingKey()):
        return EverythingKey()
    if match := _MERGE_REQUEST.fullmatch(text):
        return MergeRequestKey(match[1], int(match[2]))
    if match := _SERVICE.fullmatch(text):
        return ServiceKey(match[2], match[1])
    raise InvalidKey(f"{text[:80]!r} is no key", hint="a queue was written by another version of Tidegate: empty it")
