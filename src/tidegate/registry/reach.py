"""How registries are reached: connections and credentials of the accounts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from tidegate import __version__
from tidegate.http import Client, Origin, Proxies, Sender, Timeouts, Trust
from tidegate.model.image import known_as
from tidegate.model.registry_account import RegistryAccount
from tidegate.registry.auth.authorization import Authorizer

if TYPE_CHECKING:
    from tidegate.registry.auth.credentials import Credentials

Wrap: TypeAlias = Callable[[RegistryAccount, Sender], Sender]
"""Puts something before what sends the requests of one account."""


class Reach:
    """Gives what is needed to talk to an account's registry. Safe for use by many threads. Close it.

    Args:
        environment: environment variables: credentials, proxies, `SSL_CERT_FILE`, Docker's configuration.
        home: the person's home folder, for `.docker/config.json`.
        timeouts: how long to wait for a registry.
        wrap: puts something before each account's client, or None.
    """

    def __init__(
        self, environment: Mapping[str, str], home: Path, timeouts: Timeouts, wrap: Wrap | None = None
    ) -> None:
        self._environment = environment
        self._home = home
        self._timeouts = timeouts
        self._wrap = wrap
        self._lock = threading.Lock()
        self._clients: dict[Trust, Client] = {}

    def client(self, account: RegistryAccount) -> Sender:
        """Return what sends the account's requests; accounts of the same trust share connections."""
        client = self._client(account)
        return self._wrap(account, client) if self._wrap else client

    def _client(self, account: RegistryAccount) -> Client:
        authorities = account.ca_file or self._environment.get("SSL_CERT_FILE")
        trust = Trust(Path(authorities) if authorities else None, verify=not account.insecure)
        with self._lock:
            if trust not in self._clients:
                self._clients[trust] = Client(
                    f"tidegate/{__version__}",
                    timeouts=self._timeouts,
                    trust=trust,
                    proxies=Proxies.of(self._environment),
                )
            return self._clients[trust]

    def authorizer(
        self, account: RegistryAccount, base: str, find: Callable[[], Credentials | None] | None = None
    ) -> Authorizer:
        """Return what to send as Authorization to the account's registry at `base`.

        Args:
            account: the account.
            base: base URL of its registry.
            find: gives the credentials instead of the account's sources.
        """
        origin = Origin.of(base)
        look_up = find or (lambda: self.credentials(account, base))
        return Authorizer(
            origin,
            self.client(account),
            look_up,
            hint=lambda: _hint(account, origin.authority),
            follow=follow(account),
        )

    def credentials(self, account: RegistryAccount, base: str) -> Credentials | None:
        """Return the credentials for the account's registry at `base`, looked up anew, or None.

        Raises:
            CredentialsUnreadable, AuthenticationError: as `CredentialStore.find`.
        """
        from tidegate.registry.auth.sources import CredentialStore  # noqa: PLC0415 - needed when a registry asks, not before

        return CredentialStore(self._environment, self._home).find(
            account, dict.fromkeys((Origin.of(base).authority, known_as(account.host)))
        )

    def close(self) -> None:
        """Close the connections that are kept open."""
        with self._lock:
            for client in self._clients.values():
                client.close()


def follow(account: RegistryAccount) -> frozenset[Origin]:
    """Return where the account's registry may send us although it is plain HTTP or link-local."""
    return frozenset(Origin.of(address) for address in account.follow)


def _hint(account: RegistryAccount, authority: str) -> str:
    """Return where credentials would have to be put."""
    from tidegate.model.ecr import EcrHost  # noqa: PLC0415 - as in `Reach.credentials`
    from tidegate.registry.auth.credentials import has_boto3, variable_prefix  # noqa: PLC0415 - likewise

    prefix = variable_prefix(account.name)
    hint = f"run docker login {known_as(authority)}, or set {prefix}_USERNAME and {prefix}_PASSWORD"
    if EcrHost.of(account.host) is None:
        return hint
    if not has_boto3():
        return f"pip install 'tidegate[aws]' to use AWS's own credentials; or {hint}"
    return f"give the process credentials of AWS (`aws sts get-caller-identity` shows whose); or {hint}"
