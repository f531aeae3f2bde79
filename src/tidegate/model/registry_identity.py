"""Who we are to a registry account, as the configuration names it: never a secret itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


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
