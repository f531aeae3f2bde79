"""ECR: a registry that makes no repository on a push, and makes them by AWS's API."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from tidegate.errors.registry import RepositoryMissing
from tidegate.http import Retry
from tidegate.model.ecr import EcrHost
from tidegate.model.manifest import Descriptor, Manifest
from tidegate.model.registry_account import RegistryAccount
from tidegate.model.repository_settings import RepositorySettings
from tidegate.registry.auth.aws import EcrApi, ecr_api, place_of
from tidegate.registry.auth.aws_errors import error_code, spoken_with_aws
from tidegate.registry.remote.calls import Calls
from tidegate.registry.remote.registry import RemoteRegistry

_EXISTS: Final = "RepositoryAlreadyExistsException"
_KEYS_ARE_OLD: Final = "ExpiredTokenException"


class EcrRepositories:
    """Makes repositories in one ECR account. Safe for use by many threads.

    Args:
        account: the account; `repository` says how they are made, `credentials` who makes them.
        host: what its host says.
        environment: environment variables, for a web identity.
        retry: how often a request is tried.
    """

    def __init__(self, account: RegistryAccount, host: EcrHost, environment: Mapping[str, str], retry: Retry) -> None:
        self._account = account
        self._host = host
        self._environment = environment
        self._retry = retry
        self._lock = threading.Lock()
        self._made: set[str] = set()
        self._api: EcrApi | None = None

    def create(self, repository: str) -> None:
        """Make `repository`. One that is there already, made by whomever, is as good.

        Raises:
            AwsExtraMissing, AwsCredentialsUnusable, AwsDenied, AwsUnreachable, AwsBusy, AwsRefused: it is not made.
        """
        with self._lock:  # workers of one image find the same repository missing at the same moment
            if repository not in self._made:
                self._retry.call(lambda: self._create(repository))
                self._made.add(repository)

    def _create(self, repository: str) -> None:
        from botocore.exceptions import ClientError  # noqa: PLC0415 - the extra `aws`, which `ecr_api` asks for

        settings = create_settings(self._account.repository or RepositorySettings(), repository, self._host)
        for is_last in (False, True):
            if self._api is None:
                self._api = ecr_api(self._account, self._host, self._environment)
            with spoken_with_aws(place_of(self._account)):
                try:
                    self._api.create_repository(**settings)
                except ClientError as error:
                    code = error_code(error)
                    if code == _KEYS_ARE_OLD and not is_last:
                        self._api = None  # a role's keys live an hour: take it again
                        continue
                    if code != _EXISTS:
                        raise
                return


class EcrRegistry(RemoteRegistry):
    """An ECR registry whose missing repositories are made when something is first pushed to them.

    Args:
        calls: makes and sends the requests.
        repositories: makes them.
    """

    def __init__(self, calls: Calls, repositories: EcrRepositories) -> None:
        super().__init__(calls)
        self._repositories = repositories

    def write_blob(self, repository: str, blob: Descriptor, pieces: Iterator[bytes]) -> None:
        """Store a blob. A missing repository is told before the first of `pieces` is taken."""
        self._with_repository(repository, lambda: super(EcrRegistry, self).write_blob(repository, blob, pieces))

    def put_manifest(self, repository: str, reference: str, manifest: Manifest) -> None:
        """Store `manifest` under `reference`."""
        self._with_repository(
            repository, lambda: super(EcrRegistry, self).put_manifest(repository, reference, manifest)
        )

    def _with_repository(self, repository: str, push: Callable[[], None]) -> None:
        try:
            push()
        except RepositoryMissing:
            self._repositories.create(repository)
            push()


def create_settings(settings: RepositorySettings, repository: str, host: EcrHost) -> dict[str, object]:
    """Return the arguments of ECR's CreateRepository; what is not configured is left to ECR."""
    wanted: dict[str, object] = {"registryId": host.account, "repositoryName": repository}
    if settings.tags:
        wanted["tags"] = [{"Key": key, "Value": value} for key, value in settings.tags.items()]
    if settings.scan_on_push:
        wanted["imageScanningConfiguration"] = {"scanOnPush": True}
    if settings.immutable_tags:
        wanted["imageTagMutability"] = "IMMUTABLE"
    if settings.encryption is not None:
        key = {"kmsKey": settings.kms_key} if settings.kms_key else {}
        wanted["encryptionConfiguration"] = {"encryptionType": settings.encryption.value, **key}
    return wanted
