"""The images port over the configured registry accounts."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from tidegate.errors.model import InvalidImageRef
from tidegate.errors.registry import HostNotConfigured
from tidegate.http import Retry, Timeouts
from tidegate.model.digest import Digest
from tidegate.model.image import ImageRef
from tidegate.model.registry_account import RegistryAccount
from tidegate.registry.endpoint import locate
from tidegate.registry.pace import Pace, Paced
from tidegate.registry.reach import Reach, Wrap, follow
from tidegate.registry.remote.calls import Calls
from tidegate.registry.remote.registry import RemoteRegistry
from tidegate.registry.tree import Home

if TYPE_CHECKING:
    from tidegate.model.ecr import EcrHost
    from tidegate.ports.images import CopyReport
    from tidegate.ports.registry import Registry
    from tidegate.registry.copy.copier import Copier

_MOST_REQUESTS: Final = 32
_MOST_AT_ECR: Final = 10
"""ECR takes ten PutImage a second ("Amazon ECR service quotas"), and answers a request in about a tenth of one."""
_MOST_AT_GALLERY: Final = 2
"""The public gallery takes one pull a second from whom it does not know, ten from others."""


class RegistryImages:
    """Images in the configured registry accounts; no other host is ever asked. Close it, or use it in a `with`.

    Adapters are made, and credentials looked up, when an account is first used.

    Args:
        accounts: host, as image references name it → account.
        environment: environment variables: credentials, proxies, Docker's configuration.
        home: the person's home folder, for `.docker/config.json`.
        retry: how often failed requests and blobs are tried.
        timeouts: how long to wait for a registry.
        wrap: puts something before each account's client, or None.
    """

    def __init__(
        self,
        accounts: Mapping[str, RegistryAccount],
        *,
        environment: Mapping[str, str],
        home: Path,
        retry: Retry | None = None,
        timeouts: Timeouts | None = None,
        wrap: Wrap | None = None,
    ) -> None:
        self._accounts = accounts
        self._environment = environment
        self._reach = Reach(environment, home, timeouts or Timeouts(), wrap)
        self._retry = retry or Retry()
        self._copier: Copier | None = None
        self._lock = threading.Lock()
        self._registries: dict[str, Registry] = {}
        self._paces: dict[str, Pace] = {}

    def digest(self, image: ImageRef) -> Digest | None:
        """Return the digest of `image`, or None when the registry has none."""
        reference = str(image.digest) if image.digest else image.tag
        found = self.registry(image.host).resolve(image.repository, reference or "latest")
        return found.digest if found else None

    def tags(self, host: str, repository: str) -> tuple[str, ...]:
        """Return all tags of a repository."""
        return tuple(self.registry(host).tags(repository))

    def copy(self, source: ImageRef, target: ImageRef) -> CopyReport:
        """Make the tag of `target` hold exactly the digest of `source`."""
        if source.digest is None or target.tag is None:
            what = f"a copy goes from a digest to a tag, not from {source} to {target}"
            raise InvalidImageRef(what, hint="resolve the source's digest first")
        return self._copies().copy(
            Home(self.registry(source.host), source.host, source.repository),
            source.digest,
            Home(self.registry(target.host), target.host, target.repository),
            target.tag,
        )

    def registry(self, host: str) -> Registry:
        """Return the registry of the account whose images are named by `host`; the same object for the same account.

        Raises:
            HostNotConfigured: there is no such account.
            EndpointInvalid: the account's endpoint can't be used.
        """
        account = self._accounts.get(host)
        if account is None:
            known = ", ".join(sorted(self._accounts)) or "none"
            what = f"{host} is not a registry of this pipeline"
            raise HostNotConfigured(what, hint=f"known: {known}. Others are added under registries: in tidegate.yaml")
        with self._lock:
            if account.host not in self._registries:
                self._registries[account.host] = self._open(account)
            return self._registries[account.host]

    def pauses(self) -> Mapping[str, float]:
        """Return the registries that ask for patience (429, 503), and for how many seconds still."""
        with self._lock:
            found = {host: pace.pause for host, pace in self._paces.items()}
        return {host: seconds for host, seconds in found.items() if seconds > 0}

    def _copies(self) -> Copier:
        """Return the copier of all copies: it remembers which blobs it has seen."""
        from tidegate.registry.copy.copier import Copier  # noqa: PLC0415 - only a copy needs it, a retag does not

        with self._lock:
            if self._copier is None:
                self._copier = Copier(self._retry)
            return self._copier

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._reach.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open(self, account: RegistryAccount) -> Registry:
        place = locate(account)
        if isinstance(place, Path):
            from tidegate.registry.layout.registry import LayoutRegistry  # noqa: PLC0415 - for folders only

            return LayoutRegistry(place, must_exist=True)
        ecr = _ecr(account.host)
        usual = _MOST_REQUESTS if ecr is None else _MOST_AT_GALLERY if ecr.is_public else _MOST_AT_ECR
        pace = self._paces[account.host] = Pace(account.requests or usual, sleep=self._retry.sleep)
        client, authorizer = Paced(self._reach.client(account), pace), self._reach.authorizer(account, place)
        calls = Calls(place, client, authorizer, self._retry, follow(account))
        if account.create_repositories and ecr is not None and not ecr.is_public:
            from tidegate.registry.ecr import EcrRegistry, EcrRepositories  # noqa: PLC0415 - for ECR only

            repositories = EcrRepositories(account, ecr, self._environment, self._retry)
            return EcrRegistry(calls, repositories)
        return RemoteRegistry(calls)


def _ecr(host: str) -> EcrHost | None:
    """Return what `host` says of itself when it is one of Amazon ECR."""
    if "ecr" not in host.lower():  # it is a part of each of their names
        return None
    from tidegate.model.ecr import EcrHost  # noqa: PLC0415 - for ECR only

    return EcrHost.of(host)
