"""Where an image is, as people write it: a reference, an account's short name, an image-layout folder."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tidegate.errors import TidegateError
from tidegate.errors.image import PlaceInvalid
from tidegate.errors.model import InvalidDigest
from tidegate.model.digest import Digest
from tidegate.model.image import DOCKER_HUB, ImageRef, is_tag, known_as
from tidegate.model.registry_account import RegistryAccount
from tidegate.registry.endpoint import LAYOUT_SCHEME, locate
from tidegate.registry.images import RegistryImages
from tidegate.registry.misspelt import correction, is_short, known, no_account
from tidegate.registry.tree import Home

if TYPE_CHECKING:
    from tidegate.registry.layout.registry import LayoutFolder


@dataclass(frozen=True, slots=True)
class ImagePlace:
    """An image in a repository or in a layout folder.

    Args:
        home: the repository.
        tag: its tag, or None.
        digest: its digest, or None. With both, the digest decides what is read.
    """

    home: Home
    tag: str | None = None
    digest: Digest | None = None

    @property
    def reference(self) -> Digest | str:
        """What to ask the registry for; of a layout folder, "" asks for the only image."""
        return self.digest or self.tag or ("latest" if self.home.repository else "")

    @property
    def named(self) -> str | None:
        """The tag that it is read by: its own; latest where a registry is asked and nothing is written, else None."""
        return self.tag or (None if self.digest else str(self.reference) or None)

    def with_tag(self, tag: str) -> ImagePlace:
        """Return the same repository at `tag`."""
        return replace(self, tag=tag, digest=None)

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.home.shown}{tag}{f'@{self.digest}' if self.digest else ''}"


class AnyAccounts(Mapping[str, RegistryAccount]):
    """The configured accounts by host, and for every other host one as Docker would reach it.

    For tools in a person's hand only: what a merge request names never comes here.

    Args:
        configured: the accounts of tidegate.yaml; empty without one.
    """

    def __init__(self, configured: Mapping[str, RegistryAccount]) -> None:
        self._by_host = {known_as(account.host): account for account in configured.values()}

    def __getitem__(self, host: str) -> RegistryAccount:
        """Return the account of `host`; registries on this machine speak plain HTTP, as Docker takes them to."""
        name = known_as(host)
        return self._by_host.get(name) or RegistryAccount(name, name, insecure=_is_this_machine(name))

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_host)

    def __len__(self) -> int:
        return len(self._by_host)


class Places:
    """Reads what people write. Safe for use by many threads.

    Args:
        images: gives the registries; one that takes any host.
        accounts: the configured accounts, by name.
        folder: what relative folders are relative to.
    """

    def __init__(self, images: RegistryImages, accounts: Mapping[str, RegistryAccount], folder: Path) -> None:
        self._images = images
        self._accounts = accounts
        self._folder = folder
        self._lock = threading.Lock()
        self._layouts: dict[Path, LayoutFolder] = {}
        self._short: dict[str, str] = {}
        """How names of Docker Hub were read that look as those in an account do, by what was written."""

    def parse(self, text: str) -> ImagePlace:
        """Return the place that `text` names.

        That is an image reference, `NAME:REPOSITORY[:TAG]` in the configured account NAME, or
        `oci-layout:FOLDER[:TAG]`; each may end with `@DIGEST`.

        Raises:
            PlaceInvalid, InvalidImageRef: it is none of them.
        """
        if text.startswith(LAYOUT_SCHEME):
            return self._layout(text)
        image = self._image(text)
        home = Home(self._images.registry(image.host), image.host, image.repository)
        if image.host == DOCKER_HUB and is_short(text):
            self._short[text] = str(image)
        return ImagePlace(home, image.tag, image.digest)

    def repository(self, text: str) -> Home:
        """Return the repository of the place that `text` names, in which a tag means nothing.

        Raises:
            PlaceInvalid, InvalidImageRef: as `parse`; or it is `NAME:…`, and there are accounts, none of that name.
        """
        home = self.parse(text).home
        if self._accounts and text in self._short:
            hint = no_account(text.partition(":")[0], self._accounts)
            what = f"{text[:200]!r} names no repository: one of Docker Hub is written without a tag here"
            raise PlaceInvalid(what, hint=hint)
        return home

    def tell_reading(self, error: TidegateError, *among: ImagePlace) -> None:
        """Have the hint of an error at Docker Hub say what was read as a name there: an account may have been meant.

        Args:
            error: what went wrong; a hint that says so already stays as it is.
            among: the places that it may be about; none for all that were parsed.
        """
        if DOCKER_HUB not in str(error.where):
            return
        names = {str(place) for place in among}
        read = [f"{text} was read as {name}" for text, name in self._short.items() if not among or name in names]
        told = f"{', '.join(read)}; {known(self._accounts)}"
        if read and told not in (error.hint or ""):
            error.hint = f"{told}; {error.hint}" if error.hint else told

    def location(self, text: str) -> str:
        """Return where the repository that `text` names really is: the same for each way to name it.

        An account with an endpoint, that endpoint's own address and its folder are three names of one place.

        Raises:
            PlaceInvalid, InvalidImageRef: as `parse`.
        """
        if text.startswith(LAYOUT_SCHEME):
            return str(self._folder_of(text)[0])
        image = self._image(text)
        place = locate(AnyAccounts(self._accounts)[image.host])
        if isinstance(place, Path):
            return str((place / image.repository).resolve())
        from tidegate.http.url import Origin  # noqa: PLC0415 - a copy does not ask for this

        origin = Origin.of(place)
        host = f"localhost:{origin.port}" if _is_this_machine(origin.authority) else origin.authority
        return f"{host}/{image.repository}"

    def pauses(self) -> Mapping[str, float]:
        """Return the registries that ask for patience, and for how many seconds still."""
        return self._images.pauses()

    def _image(self, text: str) -> ImageRef:
        name, colon, rest = text.partition(":")
        account = self._accounts.get(name)
        if account and colon and rest:
            return ImageRef.parse(f"{account.host}/{rest}")
        if hint := correction(text, self._accounts):
            raise PlaceInvalid(f"{text[:200]!r} names no image", hint=hint)
        return ImageRef.parse(text)

    def _layout(self, text: str) -> ImagePlace:
        path, folder, tag, digest = self._folder_of(text)
        from tidegate.registry.layout.registry import LayoutFolder  # noqa: PLC0415 - for folders only

        with self._lock:
            layout = self._layouts.setdefault(path, LayoutFolder(path))
        return ImagePlace(Home(layout, f"{LAYOUT_SCHEME}{folder}", ""), tag or None, digest)

    def _folder_of(self, text: str) -> tuple[Path, str, str, Digest | None]:
        """Return the folder of `oci-layout:FOLDER[:TAG][@DIGEST]`, as it was written, its tag or "", its digest."""
        name, at, written = text.removeprefix(LAYOUT_SCHEME).rpartition("@")
        if not at or "/" in written:  # a folder may have it in its name
            name, at = text.removeprefix(LAYOUT_SCHEME), ""
        try:
            digest = Digest.parse(written) if at else None
        except InvalidDigest as error:
            raise PlaceInvalid(f"{text[:200]!r} ends with no digest", hint=error.hint) from error
        folder, colon, tag = name.rpartition(":")
        if not colon or "/" in tag:
            folder, tag = name, ""
        if not folder or "\0" in folder or (tag and not is_tag(tag)):
            raise PlaceInvalid(f"{text[:200]!r} names no folder", hint=f"write {LAYOUT_SCHEME}FOLDER[:TAG][@DIGEST]")
        return (self._folder / folder).resolve(), folder, tag, digest


def _is_this_machine(host: str) -> bool:
    name = host.partition("]")[0].strip("[") if host.startswith("[") else host.partition(":")[0]
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
