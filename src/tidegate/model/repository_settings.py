"""How a registry account's missing repositories are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Encryption(Enum):
    """How a repository's layers are encrypted at rest; the values are ECR's own."""

    AES256 = "AES256"
    KMS = "KMS"
    KMS_DSSE = "KMS_DSSE"
    """Twice, with two independent layers of keys."""


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
