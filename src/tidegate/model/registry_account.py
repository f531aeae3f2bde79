"""A registry account: where it is, who we are to it, and how its missing repositories are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # few accounts have these, and a copy between two hosts has no account at all
    from pathlib import Path

    from tidegate.model.registry_identity import AwsIdentity, Login
    from tidegate.model.repository_settings import RepositorySettings


@dataclass(frozen=True, slots=True)
class RegistryAccount:
    """One registry account of the pipeline.

    Args:
        name: its key under `registries:`.
        host: what image references name, e.g. `111111111111.dkr.ecr.eu-west-2.amazonaws.com`.
        endpoint: where the bytes are when not at `https://host`: `http://…`, `https://…` or `oci-layout:FOLDER`
            (absolute by the time it stands here).
        insecure: plain HTTP or unverified TLS is allowed.
        ca_file: certificates (PEM) of the authority that it is certified by, absolute; None for those of the system.
        create_repositories: a missing repository is created.
        requests: requests at once at most; None for what is usual for this kind of registry.
        follow: `scheme://host[:port]` where it may send us (redirects, uploads, token servers) although that is plain
            HTTP or link-local.
        credentials: who we are to it, as configured; None when other places say so.
        repository: how a missing repository is made; None for what the registry itself takes as usual.
    """

    name: str
    host: str
    endpoint: str | None = None
    insecure: bool = False
    ca_file: Path | None = None
    create_repositories: bool = False
    requests: int | None = None
    follow: tuple[str, ...] = ()
    credentials: Login | AwsIdentity | None = None
    repository: RepositorySettings | None = None
