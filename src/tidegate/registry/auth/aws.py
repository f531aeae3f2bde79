"""Credentials for ECR by AWS's own chain, and the clients of its API. boto3 is imported when an ECR registry asks.

boto3 knows the chain: variables, `AWS_WEB_IDENTITY_TOKEN_FILE`, profiles with SSO, roles of containers and machines.
It reads the process's own environment. Besides it, a role may be named for one registry: STS AssumeRole, or
AssumeRoleWithWebIdentity with a token that a GitLab job has in a variable (`id_tokens`).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from typing import Final, Protocol, cast

from tidegate import __version__
from tidegate.errors.aws import AwsDenied, AwsExtraMissing, AwsRefused
from tidegate.model.ecr import EcrHost
from tidegate.model.registry_account import RegistryAccount
from tidegate.model.registry_identity import AwsIdentity
from tidegate.registry.auth.aws_errors import spoken_with_aws
from tidegate.registry.auth.credentials import Credentials, Question, has_boto3, variable

_CONNECT_SECONDS: Final = 10
_READ_SECONDS: Final = 30


class EcrApi(Protocol):
    """As much of boto3's `ecr` and `ecr-public` clients as is used."""

    def get_authorization_token(self) -> Mapping[str, object]:
        """Give a user name and password for the registry."""

    def create_repository(self, **settings: object) -> Mapping[str, object]:
        """Make a repository."""


class _Found(Protocol):
    method: str


class _Session(Protocol):
    def get_credentials(self) -> _Found | None: ...

    def client(self, name: str, **settings: object) -> object: ...


class _Sts(Protocol):
    def assume_role(self, **settings: str) -> Mapping[str, object]: ...

    def assume_role_with_web_identity(self, **settings: str) -> Mapping[str, object]: ...


def ecr_credentials(question: Question) -> Credentials | None:
    """Return a user name and password for an ECR registry, good for 12 hours.

    None when the account is no ECR registry, or, unless the configuration names an identity, when the extra `aws` is
    not installed, AWS's chain finds nobody, or whom it finds may not log in to the public gallery.

    Raises:
        AwsExtraMissing: boto3 is not installed.
        AwsCredentialsUnusable, AwsDenied, AwsUnreachable, AwsBusy, AwsRefused: AWS gives none.
        CredentialsUnreadable: the variable with the web identity is not set.
    """
    account = question.account
    host, named = EcrHost.of(account.host), isinstance(account.credentials, AwsIdentity)
    if host is None or not (named or has_boto3()):
        return None
    session = _session(account)
    source = _source(_identity(account))
    try:
        with spoken_with_aws(place_of(account)):
            if not named:
                found = session.get_credentials()
                if found is None:
                    return None
                source = f"AWS: {found.method}"  # as `aws configure list` calls it: env, sso, iam-role
            answer = _client(session, account, host, question.environment).get_authorization_token()
    except AwsDenied:
        if host.is_public and not named:
            return None  # whoever may not log in to the gallery can still read it as nobody
        raise
    return _credentials(answer, question, source)


def ecr_api(account: RegistryAccount, host: EcrHost, environment: Mapping[str, str]) -> EcrApi:
    """Return a client of ECR's API for `account`, after its role was taken.

    Raises:
        AwsExtraMissing: boto3 is not installed.
        AwsCredentialsUnusable, AwsDenied, AwsUnreachable, AwsBusy, AwsRefused: the role can't be taken.
        CredentialsUnreadable: the variable with the web identity is not set.
    """
    session = _session(account)
    with spoken_with_aws(place_of(account)):
        return _client(session, account, host, environment)


def place_of(account: RegistryAccount) -> str:
    """Return what errors about AWS and `account` point at."""
    return f"registries.{account.name} ({account.host})"


def _identity(account: RegistryAccount) -> AwsIdentity:
    return account.credentials if isinstance(account.credentials, AwsIdentity) else AwsIdentity()


def _session(account: RegistryAccount) -> _Session:
    try:
        import boto3  # noqa: PLC0415 - the extra `aws`; 280 ms that only ECR's users pay
    except ImportError:
        what = "ECR's API needs boto3, which is not installed"
        raise AwsExtraMissing(what, where=place_of(account), hint="pip install 'tidegate[aws]'") from None
    with spoken_with_aws(place_of(account)):
        session: _Session = boto3.Session(profile_name=_identity(account).profile)
    return session


def _client(session: _Session, account: RegistryAccount, host: EcrHost, environment: Mapping[str, str]) -> EcrApi:
    identity = _identity(account)
    name = "ecr-public" if host.is_public else "ecr"
    keys = _role_keys(session, account, host, environment) if identity.role_arn else {}
    settings = _settings(use_fips_endpoint=True) if host.fips else _settings()
    return cast("EcrApi", session.client(name, region_name=host.region, config=settings, **keys))


def _role_keys(
    session: _Session, account: RegistryAccount, host: EcrHost, environment: Mapping[str, str]
) -> dict[str, str]:
    """Take the account's role and return its temporary keys, as arguments of a client."""
    identity = _identity(account)
    role = {"RoleArn": identity.role_arn or "", "RoleSessionName": _session_name(environment)}
    if identity.web_identity_env is not None:
        token = variable(environment, identity.web_identity_env, f"registries.{account.name}.credentials")
        unsigned = _sts(session, host, signature_version=_unsigned())
        answer = unsigned.assume_role_with_web_identity(**role, WebIdentityToken=token)
    else:
        external = {"ExternalId": identity.external_id} if identity.external_id else {}
        answer = _sts(session, host).assume_role(**role, **external)
    keys = _table(answer.get("Credentials"))
    return {
        "aws_access_key_id": _text(keys, "AccessKeyId", account),
        "aws_secret_access_key": _text(keys, "SecretAccessKey", account),
        "aws_session_token": _text(keys, "SessionToken", account),
    }


def _sts(session: _Session, host: EcrHost, **settings: object) -> _Sts:
    return cast("_Sts", session.client("sts", region_name=host.region, config=_settings(**settings)))


def _session_name(environment: Mapping[str, str]) -> str:
    """Return what CloudTrail shows of us: a GitLab job's number says which job it was."""
    job = environment.get("CI_JOB_ID", "")
    return f"tidegate-{job}" if job.isascii() and job.isdigit() else "tidegate"


def _settings(**more: object) -> object:
    from botocore.config import Config  # noqa: PLC0415 - as boto3

    return Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"mode": "standard"},
        user_agent_extra=f"tidegate/{__version__}",
        **more,
    )


def _unsigned() -> object:
    import botocore  # noqa: PLC0415 - as boto3

    return botocore.UNSIGNED


def _credentials(answer: Mapping[str, object], question: Question, source: str) -> Credentials:
    """Return what GetAuthorizationToken gives: ECR a list of one, the public gallery the one itself."""
    account = question.account
    data = answer.get("authorizationData")
    entry = _table(data[0] if isinstance(data, list) and data else data)
    packed, ends = _text(entry, "authorizationToken", account), entry.get("expiresAt")
    try:
        pair = base64.b64decode(packed, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        pair = ""
    username, colon, secret = pair.partition(":")
    if not colon:
        raise AwsRefused("AWS gave a token that is not base64 of user:password", where=place_of(account))
    life = ends.timestamp() - question.now() if isinstance(ends, datetime) else None
    return Credentials(username, secret, source, life=life)


def _source(identity: AwsIdentity) -> str:
    return f"AWS: {identity.role_arn or f'profile {identity.profile}'}"


def _table(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _text(table: Mapping[str, object], name: str, account: RegistryAccount) -> str:
    value = table.get(name)
    if not isinstance(value, str):
        raise AwsRefused(f"AWS answered without {name}", where=place_of(account), hint="is this AWS's own address?")
    return value
