"""Where the bytes of a registry account really are."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tidegate.errors.http import InvalidUrl
from tidegate.errors.registry import EndpointInvalid
from tidegate.http.url import without_secrets
from tidegate.model.image import DOCKER_HUB, DOCKER_HUB_HOST, known_as
from tidegate.model.registry_account import RegistryAccount

LAYOUT_SCHEME: Final = "oci-layout:"


def locate(account: RegistryAccount) -> Path | str:
    """Return the image-layout folder of `account`, or the base URL of its registry (without a final slash).

    Without an endpoint that is `https://host`, or `http://host` when the account is marked insecure.

    Raises:
        EndpointInvalid: the endpoint is neither a URL without user and query nor `oci-layout:FOLDER`.
    """
    endpoint = account.endpoint
    if endpoint is None:
        host = DOCKER_HUB_HOST if known_as(account.host) == DOCKER_HUB else account.host
        return f"{'http' if account.insecure else 'https'}://{host}"
    if endpoint.startswith(LAYOUT_SCHEME):
        folder = endpoint.removeprefix(LAYOUT_SCHEME)
        if not folder or "\0" in folder:
            raise _invalid(account, "names no folder")
        return Path(folder)
    try:
        url = without_secrets(endpoint).rstrip("/")
    except InvalidUrl as error:
        raise _invalid(account, "can't be read") from error
    if "@" in endpoint or "?" in endpoint or "#" in endpoint:
        raise _invalid(account, "has more than an address")
    return url


def _invalid(account: RegistryAccount, what: str) -> EndpointInvalid:
    return EndpointInvalid(
        f"the endpoint {what}",
        where=f"registries.{account.name}.endpoint",
        hint="https://host[:port], http://host[:port] or oci-layout:FOLDER; credentials go into the environment",
    )
