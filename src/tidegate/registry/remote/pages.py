"""Lists that come page by page: tags and referrers.

Follows OCI distribution-spec v1.1, "Listing Tags" and "Listing Referrers", and RFC 8288 for Link.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from http import HTTPStatus
from typing import Final, TypeVar

from tidegate.errors.http import ResponseTooLarge
from tidegate.errors.registry import RegistryFailed, RepositoryMissing
from tidegate.http import Origin, Response, Retry, next_link
from tidegate.http.url import resolve, without_secrets
from tidegate.model.manifest import OCI_INDEX, media_type_of
from tidegate.model.referrers import ReferrerList
from tidegate.registry.answers import failure, unreachable
from tidegate.registry.remote.fields import content_type

_LARGEST_PAGE: Final = 16 * 1024 * 1024
_MOST_PAGES: Final = 10_000
_NO_API: Final = frozenset(
    {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED}
)
_PREFIX: Final = "a proxy before it may serve it at another path than it knows of: its address has to be set there"
_OF_TAGS: Final = frozenset({"name", "tags"})
"""What a list of tags has: other JSON, e.g. a proxy's, is no empty list."""

T = TypeVar("T")
Ask = Callable[[str], Response]


def tags_of(first: str, ask: Ask, retry: Retry) -> Iterator[str]:
    """Yield the tags of the page at `first` and of all that follow it; nothing when the repository does not exist.

    Each comes once: some registries begin a page with the last tag of the one before.

    Args:
        first: address of the first page.
        ask: sends a GET.
        retry: how often each page is tried.
    """
    seen = set[str]()
    for tags in _pages(first, ask, retry, _tags):
        yield from (tag for tag in dict.fromkeys(tags) if tag not in seen)
        seen.update(tags)


def referrers_of(first: str, ask: Ask, retry: Retry) -> ReferrerList | None:
    """Return the referrers that the pages from `first` on list; None when the registry has no Referrers API."""
    found = ReferrerList()
    for page in _pages(first, ask, retry, _referrers):
        if page is None:
            return None
        found = found.with_entries(page.entries)
    return found


def _pages(first: str, ask: Ask, retry: Retry, read: Callable[[Response], T]) -> Iterator[T]:
    """Yield what `read` makes of each page; that there is no list is an answer for the first one only."""

    def page(address: str) -> tuple[T, str, str | None]:
        with ask(address) as response:
            found, is_there = read(response), response.status == HTTPStatus.OK
            if address != first and (found is None or not is_there):
                what = f"the registry began a list and does not go on with it: it answered {response.status}"
                raise RegistryFailed(what, where=str(response.request), hint=_PREFIX)
            return found, response.request.url, next_link(response) if is_there else None

    url: str | None = first
    read_already = set[str]()
    while url is not None:
        if url in read_already:
            what, hint = "the list of pages goes round in a circle", "ask who runs the registry, or the proxy before it"
            raise RegistryFailed(what, where=without_secrets(url), hint=hint)
        if len(read_already) == _MOST_PAGES:
            raise RegistryFailed("the list does not end", where=without_secrets(url))
        read_already.add(url)
        found, here, link = retry.call(partial(page, url))
        yield found
        url = None if link is None else _following(here, link)


def _following(here: str, link: str) -> str:
    """Return where a list goes on. What is wrong here stays wrong: it is not tried again."""
    url = resolve(here, link)
    if Origin.of(url) != Origin.of(here):
        hint = "the registry, or a proxy before it, takes itself for another: its external address has to be set there"
        raise RegistryFailed(
            f"the list goes on at another host, {Origin.of(url)}", where=without_secrets(here), hint=hint
        )
    return url


def _tags(response: Response) -> list[str]:
    if response.status == HTTPStatus.NOT_FOUND:
        return []
    if response.status != HTTPStatus.OK:
        raise failure(response)
    try:
        document: object = json.loads(_read(response))
    except (ValueError, RecursionError, ResponseTooLarge):
        document = None
    tags = (document.get("tags") or []) if isinstance(document, dict) and not _OF_TAGS.isdisjoint(document) else None
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise RegistryFailed("the list of tags can't be read", where=str(response.request))
    return tags


def _referrers(response: Response) -> ReferrerList | None:
    if response.status == HTTPStatus.OK:
        return _listed(response)
    error = failure(response)
    if response.status not in _NO_API:
        raise error
    return ReferrerList() if isinstance(error, RepositoryMissing) else None


def _listed(response: Response) -> ReferrerList | None:
    """Return the list in an answer; None where whatever answered does not know the API, and sent something else."""
    said = content_type(response).lower()
    try:
        data = _read(response)
    except ResponseTooLarge:
        if said == OCI_INDEX:
            raise
        return None
    if OCI_INDEX not in {said, media_type_of(data)}:
        return None
    return ReferrerList.parse(data, str(response.request))


def _read(response: Response) -> bytes:
    with unreachable():
        return response.read(_LARGEST_PAGE)
