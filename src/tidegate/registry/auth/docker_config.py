"""Docker's configuration file and its credential helpers.

Follows docker/cli `cli/config/configfile/file.go` and docker/docker-credential-helpers `credentials/credentials.go`.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Final

from tidegate.errors.registry import CredentialsUnreadable
from tidegate.model.image import DOCKER_HUB
from tidegate.registry.auth.credentials import Credentials

_LARGEST_CONFIG: Final = 1024 * 1024
_HELPER_SECONDS: Final = 30
_HELPER_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_NOT_FOUND: Final = "credentials not found in native keychain"
"""What a helper prints when it has none: the protocol's own way to say it."""
_LIFE: Final = 900.0
"""Seconds until a login is looked up again.

What is kept there may be a token that ends, and nobody says when: a helper of ECR's gives one with hours left, and ECR
answers 403, not 401, once it is over. A server that runs for days asks in time.
"""
_TOKEN_USER: Final = "<token>"  # noqa: S105 - the user name that marks an identity token
_DOCKER_HUB_KEYS: Final = ("https://index.docker.io/v1/", "index.docker.io", "docker.io")


class DockerConfig:
    """Docker's `config.json`. What it names is asked when credentials are looked for, never before.

    Args:
        file: the file; it may be missing.
        environment: environment variables for the helpers.

    Raises:
        CredentialsUnreadable: the file is there and broken.
    """

    def __init__(self, file: Path, environment: Mapping[str, str]) -> None:
        self._file = file
        self._environment = environment
        self._config = self._read()

    @classmethod
    def of(cls, environment: Mapping[str, str], home: Path) -> DockerConfig:
        """Return the configuration at DOCKER_CONFIG, or in the home folder."""
        folder = environment.get("DOCKER_CONFIG")
        return cls((Path(folder) if folder else home / ".docker") / "config.json", environment)

    def find(self, hosts: Iterable[str]) -> Iterator[Credentials]:
        """Yield what there is for a registry: secrets under `auths`, then its own helper's, then the store's.

        Docker asks nobody else where a helper is configured. But then `auths` has no secret, unless somebody wrote
        one there for this host: that is nearer than a store for all hosts, and needs no program.

        Args:
            hosts: what the registry is called, the likeliest first.

        Raises:
            CredentialsUnreadable: an entry or a helper is broken.
        """
        names = [_keys(host) for host in hosts]
        for found in chain(self._written(names), self._asked(names)):
            yield replace(found, life=_LIFE)

    def _written(self, names: list[tuple[str, ...]]) -> Iterator[Credentials]:
        """Yield what stands in the file; an entry by the very name comes before one that only means the same host."""
        entries = _table(self._config, "auths")
        alike = {_bare(name): entry for name, entry in entries.items()}
        for key in chain.from_iterable(names):
            entry = entries.get(key, alike.get(_bare(key)))
            if isinstance(entry, dict):
                yield from self._entry(entry, key)

    def _asked(self, names: list[tuple[str, ...]]) -> Iterator[Credentials]:
        """Yield what helpers give. A host's helper that is "" is Docker's way to keep that host from the store."""
        helpers, store = _table(self._config, "credHelpers"), self._config.get("credsStore")
        own = [(key, helpers[key]) for key in chain.from_iterable(names) if isinstance(helpers.get(key), str)]
        for key, helper in own:
            if helper:
                yield from self._ask(str(helper), key)
        if isinstance(store, str) and store and not any(helper == "" for _, helper in own):
            for key, *_ in names:
                yield from self._ask(store, key)

    def _read(self) -> Mapping[str, object]:
        try:
            data = self._file.read_bytes()[: _LARGEST_CONFIG + 1]
            value: object = json.loads(data)
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except (OSError, ValueError, RecursionError) as error:
            raise self._broken("can't be read as JSON") from error
        if not isinstance(value, dict):
            raise self._broken("is not a JSON object")
        return value

    def _entry(self, entry: Mapping[str, object], key: str) -> Iterator[Credentials]:
        source = str(self._file)
        token, packed = entry.get("identitytoken"), entry.get("auth")
        username, password = entry.get("username"), entry.get("password")
        if isinstance(token, str) and token:
            yield Credentials("", token, source, is_identity_token=True)
        elif isinstance(packed, str) and packed:
            try:
                username, colon, password = base64.b64decode(packed, validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                raise self._broken(f"has an 'auth' for {key} that is not base64 of user:password") from None
            if not colon:
                raise self._broken(f"has an 'auth' for {key} that is not base64 of user:password")
            yield Credentials(username, password.rstrip("\0"), source)
        elif isinstance(username, str) and isinstance(password, str):
            yield Credentials(username, password, source)

    def _ask(self, helper: str, key: str) -> Iterator[Credentials]:
        program = f"docker-credential-{helper}"
        if not _HELPER_NAME.fullmatch(helper):
            raise self._broken(f"names the credential helper {helper[:80]!r}")
        try:
            done = subprocess.run(
                [program, "get"],
                input=key.encode(),
                capture_output=True,
                timeout=_HELPER_SECONDS,
                check=False,
                env=dict(self._environment),
            )
        except OSError as error:
            raise _helper_failed(program, key, "can't be run", hint=f"put {program} on PATH") from error
        except subprocess.TimeoutExpired:
            raise _helper_failed(program, key, f"did not answer in {_HELPER_SECONDS} seconds") from None
        if done.returncode != 0:
            if _NOT_FOUND in done.stdout.decode(errors="replace"):
                return
            raise _helper_failed(program, key, f"ended with {done.returncode}")
        yield _answer(program, key, done.stdout)

    def _broken(self, what: str) -> CredentialsUnreadable:
        return CredentialsUnreadable(f"Docker's configuration {what}", where=str(self._file), hint="run docker login")


def _answer(program: str, key: str, output: bytes) -> Credentials:
    try:
        answer: object = json.loads(output)
    except (ValueError, RecursionError):
        answer = None  # the output may hold a secret: it is not part of an error
    username, secret = (answer.get("Username"), answer.get("Secret")) if isinstance(answer, dict) else (None, None)
    if not isinstance(username, str) or not isinstance(secret, str):
        raise _helper_failed(program, key, "did not answer with a Username and a Secret")
    if username == _TOKEN_USER:
        return Credentials("", secret, program, is_identity_token=True)
    return Credentials(username, secret, program)


def _helper_failed(program: str, key: str, what: str, *, hint: str | None = None) -> CredentialsUnreadable:
    return CredentialsUnreadable(
        f"the credential helper {program} {what}", where=key, hint=hint or f"try: echo {key} | {program} get"
    )


def _table(config: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = config.get(name)
    return value if isinstance(value, dict) else {}


def _keys(host: str) -> tuple[str, ...]:
    return _DOCKER_HUB_KEYS if host == DOCKER_HUB else (host, f"https://{host}", f"http://{host}")


def _bare(key: str) -> str:
    """Docker's keys are hosts, but older ones have a scheme and a path; Docker Hub's is told apart by its path."""
    return key if key == _DOCKER_HUB_KEYS[0] else re.sub(r"^https?://", "", key).partition("/")[0]
