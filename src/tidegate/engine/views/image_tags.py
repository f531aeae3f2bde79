"""The tags of an image: which others hold it, and which versions stand beside it in its repository.

No registry tells the tags of a digest: each tag has to be asked for its own. So only those are asked that may well
hold the very image, and it is told how many they were.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace
from typing import Final

from tidegate.model import ImageRef, TagPattern
from tidegate.model.version import Precedence, flux_precedence
from tidegate.ports import Images

MOST_ASKED: Final = 8
_MOST_LISTED: Final = 8
_RELEASED: Final = 10**9
"""In place of a candidate's number: a version is above all its candidates."""
_REVISION: Final = 7
"""Characters of a commit id that builds put into a tag, at least: `main-1a2b3c4`."""


@dataclass(frozen=True, slots=True)
class TagsSeen:
    """The tags of an image's repository, as far as a person wants to know them.

    Args:
        same: those that hold the very image, the newest version first, then those that are no version.
        asked: how many were asked what they hold.
        newest: the newest versions, newest first; the image's own tag is always among them when it is there.
        total: how many tags there are.
    """

    same: tuple[str, ...]
    asked: int
    newest: tuple[str, ...]
    total: int


def read_tags(images: Images, image: ImageRef, pattern: TagPattern, revision: str | None) -> TagsSeen:
    """Return what the repository of `image` has in tags. One list, and at most `MOST_ASKED` questions, at once.

    Args:
        images: the registry accounts.
        image: with the digest that is looked for.
        pattern: how tags are written there.
        revision: the commit that it was built from, or None.

    Raises:
        TidegateError: the registry does not tell its tags.
    """
    order = {tag: _key(tag, pattern) for tag in images.tags(image.host, image.repository)}
    versions = sorted((tag for tag in order if order[tag] is not None), key=lambda tag: (order[tag], tag), reverse=True)
    tags = [*versions, *sorted(tag for tag in order if order[tag] is None)]
    asked = sorted(tags, key=lambda tag: _likelihood(tag, order, image, revision))[:MOST_ASKED]
    with ThreadPoolExecutor(MOST_ASKED) as pool:
        # Each in the context that this is done in, so that a trace has its requests.
        found = [pool.submit(copy_context().run, images.digest, _at(image, tag)) for tag in asked]
        held = {tag: each.result() for tag, each in zip(asked, found, strict=True)}
    return TagsSeen(
        same=tuple(tag for tag in tags if tag in held and held[tag] == image.digest),
        asked=len(asked),
        newest=_listed(versions, image.tag),
        total=len(tags),
    )


def _at(image: ImageRef, tag: str) -> ImageRef:
    return replace(image, tag=tag, digest=None)


def _key(tag: str, pattern: TagPattern) -> tuple[Precedence, int] | None:
    """Return what a tag is ordered by; None: it is no version."""
    read = pattern.read(tag)
    if read is not None:
        return read.version.precedence, _RELEASED if read.number is None else read.number
    precedence = flux_precedence(tag)
    return None if precedence is None else (precedence, _RELEASED)


def _likelihood(
    tag: str, order: dict[str, tuple[Precedence, int] | None], image: ImageRef, revision: str | None
) -> int:
    """Return how likely a tag is to hold `image`; 0 is the most likely."""
    own, key = order.get(image.tag or ""), order[tag]
    if tag == image.tag:
        return 0
    if own is not None and key is not None and own[0][:3] == key[0][:3]:
        return 1
    if revision is not None and revision[:_REVISION] in tag:
        return 2
    return 3 if key is None else 4


def _listed(versions: Sequence[str], own: str | None) -> tuple[str, ...]:
    shown = list(versions[:_MOST_LISTED])
    if own is not None and own in versions and own not in shown:
        shown[-1:] = [own]
    return tuple(shown)
