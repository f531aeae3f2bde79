"""Amazon ECR, told by a registry's host."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_PRIVATE: Final = re.compile(
    r"([0-9]{12})\.dkr[.-]ecr(-fips)?\.([a-z0-9]+(?:-[a-z0-9]+)+)"
    r"\.(?:amazonaws\.com(?:\.cn)?|amazonaws\.eu|on\.aws|on\.amazonwebservices\.com\.cn)",
    re.ASCII,
)
"""Hosts as awslabs/amazon-ecr-credential-helper knows them (`ecr-login/api/client.go`), without the secret regions."""
PUBLIC_GALLERY: Final = "public.ecr.aws"
_PUBLIC_REGION: Final = "us-east-1"


@dataclass(frozen=True, slots=True)
class EcrHost:
    """What an ECR host says of itself.

    Args:
        account: the AWS account, 12 digits; "" for the public gallery.
        region: e.g. `eu-west-2`.
        fips: the endpoints with FIPS 140 cryptography are meant.
    """

    account: str
    region: str
    fips: bool = False

    @property
    def is_public(self) -> bool:
        """Whether this is the public gallery, which can be read without credentials."""
        return not self.account

    @classmethod
    def of(cls, host: str) -> EcrHost | None:
        """Return what `host` says, or None when it is no ECR host."""
        if host.lower() == PUBLIC_GALLERY:
            return cls("", _PUBLIC_REGION)
        match = _PRIVATE.fullmatch(host.lower())
        return cls(match[1], match[3], match[2] is not None) if match else None
