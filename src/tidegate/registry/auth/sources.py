"""Where credentials come from: the first source that answers, in the order of SOURCES.

docs/reference/registries.md describes them for people. Secrets go neither into arguments of a process nor into errors.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final, TypeAlias

from tidegate.errors.registry import CredentialsUnreadable
from tidegate.model.registry_account import RegistryAccount
from tidegate.model.registry_identity import Login
from tidegate.registry.auth.aws import ecr_credentials
from tidegate.registry.auth.credentials import Credentials, Question, variable, variable_prefix
from tidegate.registry.auth.docker_config import DockerConfig

_LARGEST_FILE: Final = 64 * 1024

Source: TypeAlias = Callable[[Question], Credentials | None]
"""Returns the credentials, or None when it has none. Raises when it has some and they can't be read."""


def configured(question: Question) -> Credentials | None:
    """What `registries.NAME.credentials` names: variables, a file, an identity in AWS."""
    login = question.account.credentials
    if login is None:
        return None
    if not isinstance(login, Login):
        return ecr_credentials(question)
    where = f"registries.{question.account.name}.credentials"
    username = login.username
    if username is None:
        username = variable(question.environment, login.username_env or "", where)
    if login.password_file is not None:
        return Credentials(username, _first_line(login.password_file, where), str(login.password_file))
    name = login.password_env or ""
    return Credentials(username, variable(question.environment, name, where), name)


def own_variables(question: Question) -> Credentials | None:
    """`TIDEGATE_REGISTRY_<NAME>_USERNAME` and `_PASSWORD`."""
    prefix = variable_prefix(question.account.name)
    username = question.environment.get(f"{prefix}_USERNAME")
    password = question.environment.get(f"{prefix}_PASSWORD")
    if not username and not password:
        return None
    if not username or not password:
        missing = "PASSWORD" if username else "USERNAME"
        raise CredentialsUnreadable(f"{prefix}_{missing} is not set", hint="set both _USERNAME and _PASSWORD")
    return Credentials(username, password, f"{prefix}_USERNAME")


def docker(question: Question) -> Credentials | None:
    """Docker's `config.json`: `auths`, `credHelpers`, `credsStore`."""
    return next(DockerConfig.of(question.environment, question.home).find(question.hosts), None)


def aws(question: Question) -> Credentials | None:
    """AWS's own chain, for ECR only: variables, web identity, profiles, containers' and machines' roles."""
    return ecr_credentials(question)


def gitlab(question: Question) -> Credentials | None:
    """`CI_REGISTRY_USER` and `CI_REGISTRY_PASSWORD` of a GitLab job, for the registry `CI_REGISTRY`."""
    environment = question.environment
    username, password = environment.get("CI_REGISTRY_USER"), environment.get("CI_REGISTRY_PASSWORD")
    if environment.get("CI_REGISTRY") not in question.hosts or not username or not password:
        return None
    return Credentials(username, password, "CI_REGISTRY_USER")


SOURCES: Final[tuple[Source, ...]] = (configured, own_variables, docker, aws, gitlab)


class CredentialStore:
    """Looks credentials up when they are asked for, never before.

    Args:
        environment: environment variables.
        home: the person's home folder.
        now: seconds since the epoch.
    """

    def __init__(self, environment: Mapping[str, str], home: Path, now: Callable[[], float] = time.time) -> None:
        self._environment = environment
        self._home = home
        self._now = now

    def find(self, account: RegistryAccount, hosts: Iterable[str]) -> Credentials | None:
        """Return the credentials of the first source that answers, or None.

        Args:
            account: the registry account.
            hosts: what the registry is called, the likeliest first.

        Raises:
            CredentialsUnreadable: a variable, file or helper that was named is missing or broken.
            AuthenticationError, AwsUnreachable, AwsBusy: AWS gives none.
        """
        question = Question(account, tuple(hosts), self._environment, self._home, self._now)
        return next((found for source in SOURCES if (found := source(question)) is not None), None)


def _first_line(file: Path, where: str) -> str:
    """Return the file's text without its final line break; more than one line is no password."""
    try:
        with file.open("rb") as stream:
            text = stream.read(_LARGEST_FILE).decode().removesuffix("\n").removesuffix("\r")
    except OSError as error:
        what = f"the file {file} can't be read: {error.strerror}"
        raise CredentialsUnreadable(what, where=where, hint="check the path and the file's rights") from error
    except UnicodeDecodeError:
        raise CredentialsUnreadable(f"the file {file} is not UTF-8", where=where) from None  # the bytes are secret
    if not text or "\n" in text:
        hint = "it holds the password, and nothing else"
        raise CredentialsUnreadable(f"the file {file} is not one line", where=where, hint=hint)
    return text
