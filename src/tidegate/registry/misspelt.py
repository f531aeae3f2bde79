"""What people type where an image is asked for, and what would be right."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

_FOLDER: Final = "an image layout in a folder is written oci-layout:FOLDER[:TAG]"
_TRANSPORTS: Final = frozenset(
    {"containers-storage", "dir", "docker-archive", "docker-daemon", "oci", "oci-archive", "tarball"}
)
"""containers/image `transports/alltransports`: what skopeo reads besides registries."""
_ACCOUNT: Final = re.compile(r"([A-Za-z0-9_-]+):(?![0-9]+/)[^@]*[:/]")
"""`NAME:REPOSITORY:TAG` and `NAME:TEAM/…`, as only an account of tidegate.yaml can be written; no `HOST:PORT/…`."""
_SHORT: Final = re.compile(r"[A-Za-z0-9_-]+:[^/:@]+(?:@|$)")
_ONLY_HOST: Final = re.compile(r"((?:localhost|[^/:@]*\.[^/:@]*|\[[^/@]*\])(?::[0-9]+)?)/?")


def correction(text: str, accounts: Collection[str]) -> str | None:
    """Return what to write in place of `text`, or None when it may be an image reference.

    Some of what is caught here is a name on Docker Hub to Docker's grammar, which nobody means: `127.0.0.1:5000`.

    Args:
        text: what was typed; neither `oci-layout:…` nor `NAME:…` of an account.
        accounts: the names of the accounts.
    """
    if not text or any(letter.isspace() for letter in text):
        return "write HOST/REPOSITORY[:TAG], without spaces"
    if elsewhere := _of_another_tool(text):
        return elsewhere
    if host := _ONLY_HOST.fullmatch(text):
        return f"that is a registry: write {host[1]}/REPOSITORY[:TAG]"
    if account := _ACCOUNT.match(text):
        return no_account(account[1], accounts)
    return None


def is_short(text: str) -> bool:
    """Return whether `text` is `NAME:TAG` of Docker Hub, which looks as `NAME:REPOSITORY` of an account does."""
    return _SHORT.match(text) is not None


def known(accounts: Collection[str]) -> str:
    """Return which accounts there are, in words."""
    return f"tidegate.yaml has the registries {', '.join(accounts)}" if accounts else "tidegate.yaml is not here"


def no_account(name: str, accounts: Collection[str]) -> str:
    """Return that no account is called `name`, and which there are."""
    from tidegate.nearest import did_you_mean  # noqa: PLC0415 - of what goes wrong

    meant = did_you_mean(name, accounts)
    return f"{known(accounts)}, so no registry is called {name}{f'; {meant}' if meant else ''}"


def _of_another_tool(text: str) -> str | None:
    """Return what to write in place of a URL, a path, or an image as skopeo has it."""
    scheme, is_url, _ = text.partition("://")
    if is_url:
        more = "; plain HTTP is `insecure: true` of the registry in tidegate.yaml" if scheme == "http" else ""
        return f"leave out {scheme}://{more}"
    transport = text.partition(":")[0]
    if text.startswith("/"):
        return f"{_FOLDER}; or was the host before the / to come from a variable that is empty?"
    if transport == "oci" or text.startswith((".", "~")):
        return _FOLDER
    if transport in _TRANSPORTS:
        return f"only registries and image layouts are read; skopeo copy {text} oci:FOLDER:TAG makes a layout"
    return None
