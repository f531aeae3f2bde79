"""The keys of a registry account, with types, defaults and the words that editors show."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tidegate.config import grammar, registry_grammar
from tidegate.config.section import Section, checked


class CredentialsSection(Section):
    """Where the credentials of a registry account are: a user with a password, or an identity in AWS. No secret."""

    username: Annotated[str, checked(registry_grammar.username)] | None = Field(
        default=None, description="User name.", examples=["robot"]
    )
    username_env: Annotated[str, checked(registry_grammar.variable)] | None = Field(
        default=None, description="Environment variable with the user name.", examples=["PRD_USERNAME"]
    )
    password_env: Annotated[str, checked(registry_grammar.variable)] | None = Field(
        default=None, description="Environment variable with the password.", examples=["PRD_PASSWORD"]
    )
    password_file: Annotated[str, checked(registry_grammar.password_file)] | None = Field(
        default=None,
        description="File with the password; relative to this file.",
        examples=["/run/secrets/prd-password"],
    )
    profile: Annotated[str, checked(registry_grammar.profile)] | None = Field(
        default=None, description="ECR: profile of AWS's configuration files.", examples=["production"]
    )
    role_arn: Annotated[str, checked(registry_grammar.role)] | None = Field(
        default=None,
        description="ECR: role to take before the registry is used, e.g. in its account.",
        examples=["arn:aws:iam::333333333333:role/tidegate"],
    )
    external_id: Annotated[str, checked(registry_grammar.external_id)] | None = Field(
        default=None, description="ECR: what the role's trust policy asks for.", examples=["tidegate-prd"]
    )
    web_identity_env: Annotated[str, checked(registry_grammar.variable)] | None = Field(
        default=None,
        description="ECR: variable with an OIDC token (GitLab's id_tokens) that the role is taken with.",
        examples=["AWS_ID_TOKEN"],
    )


class RepositorySection(Section):
    """How a missing ECR repository is created."""

    tags: dict[
        Annotated[str, checked(registry_grammar.tag_key)], Annotated[str, checked(registry_grammar.tag_value)]
    ] = Field(default={}, description="Tags of the AWS resource.", examples=[{"team": "platform"}])
    scan_on_push: bool = Field(default=False, description="Scan images when they are pushed.")
    immutable_tags: bool = Field(default=False, description="A tag can't be moved to another image.")
    encryption: Literal["AES256", "KMS", "KMS_DSSE"] | None = Field(
        default=None, description="How layers are encrypted at rest; left out: as ECR does by itself."
    )
    kms_key: Annotated[str, checked(registry_grammar.kms_key)] | None = Field(
        default=None,
        description="With KMS or KMS_DSSE, the key: its id, ARN or alias. Left out: AWS's own key.",
        examples=["alias/registry"],
    )


class RegistrySection(Section):
    """One registry account."""

    host: Annotated[str, checked(grammar.host)] = Field(
        description="What image references name.", examples=["111111111111.dkr.ecr.eu-west-2.amazonaws.com"]
    )
    endpoint: Annotated[str, checked(grammar.endpoint)] | None = Field(
        default=None,
        description="Where the bytes are when not at https://HOST: an http(s) URL, or oci-layout:FOLDER (must exist).",
        examples=["http://127.0.0.1:5000", "oci-layout:./registries/dev"],
    )
    insecure: bool = Field(default=False, description="Allow plain HTTP and TLS that can't be verified.")
    ca_file: Annotated[str, checked(registry_grammar.ca_file)] | None = Field(
        default=None,
        description="Certificates (PEM) of its authority, beside the system's; relative to this file.",
        examples=["/etc/ssl/example-ca.pem"],
    )
    credentials: CredentialsSection | None = Field(
        default=None, description="Who we are to it. Left out: see the order in docs/reference/registries.md."
    )
    requests: int | None = Field(
        default=None,
        ge=1,
        le=256,
        description="Requests at once at most; fewer while it asks for patience.",
        examples=[8],
    )
    follow: list[Annotated[str, checked(registry_grammar.origin)]] = Field(
        default=[],
        description="Where it may send us (redirects, uploads, token servers) though it is plain HTTP or link-local.",
        examples=[["http://minio.example.internal:9000"]],
    )
    create_repositories: bool = Field(default=False, description="Create a repository that is missing.")
    repository: RepositorySection | None = Field(
        default=None, description="With create_repositories on ECR: how a repository is created."
    )
