"""The list of tags, page by page. Follows OCI distribution-spec v1.1, "Listing Tags", and RFC 8288 for Link."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from http import HTTPStatus
from typing import Final

from tidegate.errors.http import ResponseTooLarge
from tidegate.errors.registry import RegistryFailed
from tidegate.http import Origin, Response, Retry
from tidegate.http.url import resolve
from tidegate.registry.answers import failure, unreachable
from tidegate.registry.fields import next_page

_LARGEST_PAGE: Final = 16 * 1024 * 1024
_MOST_PAGES: Final = 10_000


def tags_of(first: str, ask: Callable[[str], Response], retry: Retry) -> Iterator[str]:
    """Yield the tags of the page at `first` and of all that follow it; nothing when the repository does not exist.

    Args:
        first: address of the first page.
        ask: sends a GET.
        retry: how often each page is tried.
    """

    def page(address: str) -> tuple[list[str], str | None]:
        with ask(address) as response:
            if response.status == HTTPStatus.NOT_FOUND:
                return [], None
            if response.status != HTTPStatus.OK:
                raise failure(response)
            return _tags(response), _following(response)

    url: str | None = first
    for _ in range(_MOST_PAGES):
        if url is None:
            return
        tags, url = retry.call(partial(page, url))
        yield from tags
    raise RegistryFailed("the list of tags does not end", where=first.partition("?")[0])


def _following(response: Response) -> str | None:
    address = next_page(response)
    if address is None:
        return None
    here = response.request.url
    url = resolve(here, address)
    if Origin.of(url) != Origin.of(here):
        raise RegistryFailed("the list of tags goes on at another host", where=str(response.request))
    return url


def _tags(response: Response) -> list[str]:
    try:
        with unreachable():
            document: object = json.loads(response.read(_LARGEST_PAGE))
    except (ValueError, RecursionError, ResponseTooLarge):
        document = None
    tags = (document.get("tags") or []) if isinstance(document, dict) else None
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise RegistryFailed("the list of tags can't be read", where=str(response.request))
    return tags
