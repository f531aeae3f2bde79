"""A registry account: where it is, who we are to it, and how its missing repositories are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path


class Encryption(Enum):
    """How a repository's layers are encrypted at rest; the values are ECR's own."""

    AES256 = "AES256"
    KMS = "KMS"
    KMS_DSSE = "KMS_DSSE"
    """Twice, with two independent layers of keys."""


@dataclass(frozen=True, slots=True)
class AwsIdentity:
    """Who we are to AWS, beyond what its own chain finds.

    Args:
        profile: a profile of AWS's configuration files; None for the default.
        role_arn: the role to take, e.g. in another account.
        external_id: what that role's trust policy asks for.
        web_identity_env: variable with an OIDC token (GitLab's `id_tokens`) that the role is taken with.
    """

    profile: str | None = None
    role_arn: str | None = None
    external_id: str | None = None
    web_identity_env: str | None = None


@dataclass(frozen=True, slots=True)
class Login:
    """Where user name and password are: names of variables and files, never the secret itself.

    Args:
        username: the user name, when it may stand in the file.
        username_env: variable with the user name.
        password_env: variable with the password.
        password_file: file with the password, absolute; a final line break is not part of it.
    """

    username: str | None = None
    username_env: str | None = None
    password_env: str | None = None
    password_file: Path | None = None


@dataclass(frozen=True, slots=True)
class RepositorySettings:
    """How a missing repository is made.

    Args:
        tags: the resource's tags.
        scan_on_push: images are scanned when they are pushed.
        immutable_tags: a tag can't be moved to another image.
        encryption: how layers are encrypted; None for the registry's default.
        kms_key: key for `KMS` and `KMS_DSSE`: id, ARN or alias; None for AWS's own.
    """

    tags: Mapping[str, str] = field(default_factory=dict)
    scan_on_push: bool = False
    immutable_tags: bool = False
    encryption: Encryption | None = None
    kms_key: str | None = None


@dataclass(frozen=True, slots=True)
class RegistryAccount:
    """One registry account of the pipeline.

    Args:
        name: its key under `registries:`.
        host: what image references name, e.g. `111111111111.dkr.ecr.eu-west-2.amazonaws.com`.
        endpoint: where the bytes are when not at `https://host`: `http://…`, `https://…` or `oci-layout:FOLDER`
            (absolute by the time it stands here).
        insecure: plain HTTP or unverified TLS is allowed.
        create_repositories: a missing repository is created.
        requests: requests at once at most; None for what is usual for this kind of registry.
        follow: `scheme://host[:port]` where it may send us (redirects, uploads, token servers) although that is plain
            HTTP or link-local.
        credentials: who we are to it, as configured; None when other places say so.
        repository: how a missing repository is made.
    """

    name: str
    host: str
    endpoint: str | None = None
    insecure: bool = False
    create_repositories: bool = False
    requests: int | None = None
    follow: tuple[str, ...] = ()
    credentials: Login | AwsIdentity | None = None
    repository: RepositorySettings = RepositorySettings()
