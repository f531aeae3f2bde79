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
from tidegate.model.manifest import OCI_INDEX
from tidegate.model.referrers import ReferrerList
from tidegate.registry.answers import failure, unreachable
from tidegate.registry.remote.fields import content_type

_LARGEST_PAGE: Final = 16 * 1024 * 1024
_MOST_PAGES: Final = 10_000
_NO_API: Final = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED})

T = TypeVar("T")
Ask = Callable[[str], Response]


def tags_of(first: str, ask: Ask, retry: Retry) -> Iterator[str]:
    """Yield the tags of the page at `first` and of all that follow it; nothing when the repository does not exist.

    Args:
        first: address of the first page.
        ask: sends a GET.
        retry: how often each page is tried.
    """
    for tags in _pages(first, ask, retry, _tags):
        yield from tags


def referrers_of(first: str, ask: Ask, retry: Retry) -> ReferrerList | None:
    """Return the referrers that the pages from `first` on list; None when the registry has no Referrers API."""
    found = ReferrerList()
    for page in _pages(first, ask, retry, _referrers):
        if page is None:
            return None
        found = found.with_entries(page.entries)
    return found


def _pages(first: str, ask: Ask, retry: Retry, read: Callable[[Response], T]) -> Iterator[T]:
    def page(address: str) -> tuple[T, str, str | None]:
        with ask(address) as response:
            return (
                read(response),
                response.request.url,
                next_link(response) if response.status == HTTPStatus.OK else None,
            )

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
    tags = (document.get("tags") or []) if isinstance(document, dict) else None
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise RegistryFailed("the list of tags can't be read", where=str(response.request))
    return tags


def _referrers(response: Response) -> ReferrerList | None:
    if response.status == HTTPStatus.OK:
        if content_type(response) != OCI_INDEX:
            return None  # whatever answered did not know the API
        return ReferrerList.parse(_read(response), str(response.request))
    error = failure(response)
    if isinstance(error, RepositoryMissing):
        return ReferrerList()
    if response.status in _NO_API:
        return None
    raise error


def _read(response: Response) -> bytes:
    with unreachable():
        return response.read(_LARGEST_PAGE)
