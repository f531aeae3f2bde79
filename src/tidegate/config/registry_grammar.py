"""What may stand in single values of a registry account: names of variables, roles, tags of a repository.

Checks as in `grammar`. A value that may be a secret, written in the wrong place, is never repeated.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from tidegate.config.grammar import Wrong, url

_VARIABLE: Final = re.compile(r"[A-Z_][A-Z0-9_]*", re.ASCII)
_ROLE: Final = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]{1,512}", re.ASCII)
_EXTERNAL_ID: Final = re.compile(r"[A-Za-z0-9_+=,.@:/-]{2,1224}", re.ASCII)
_PROFILE: Final = re.compile(r"[A-Za-z0-9_.@/+][A-Za-z0-9_.@/+ -]*", re.ASCII)
_KMS_KEY: Final = re.compile(r"[A-Za-z0-9:/_-]{1,2048}", re.ASCII)
_TAG: Final = re.compile(r"[\w .:/=+@-]*")
_LONGEST_TAG_KEY: Final = 128
_LONGEST_TAG_VALUE: Final = 256


def origin(text: str) -> Wrong | None:
    """An `http(s)` URL of nothing but a host and a port."""
    wrong = url(text)
    if wrong is None and urlsplit(text).path:
        return Wrong(f"{text[:200]!r} has more than host and port", "e.g. http://minio.example.internal:9000")
    return wrong


def variable(text: str) -> Wrong | None:
    """The name of an environment variable; upper-case only, so that a secret is seldom taken for one."""
    if _VARIABLE.fullmatch(text):
        return None
    return Wrong(
        "this is not the name of a variable", "upper-case, e.g. PRD_PASSWORD; the secret itself never goes here"
    )


def username(text: str) -> Wrong | None:
    """A user name; in Basic authentication a colon would end it (RFC 7617)."""
    if text and ":" not in text:
        return None
    return Wrong("a user name is not empty and has no colon", "the password goes into password_env or password_file")


def password_file(text: str) -> Wrong | None:
    """A file with a password."""
    return None if text.strip() and "\0" not in text else Wrong("the file is missing", "e.g. /run/secrets/prd-password")


def ca_file(text: str) -> Wrong | None:
    """A file with certificates."""
    return None if text.strip() and "\0" not in text else Wrong("the file is missing", "e.g. /etc/ssl/example-ca.pem")


def role(text: str) -> Wrong | None:
    """An IAM role's ARN."""
    if _ROLE.fullmatch(text):
        return None
    return Wrong(f"{text!r} is not a role's ARN", "e.g. arn:aws:iam::333333333333:role/tidegate")


def external_id(text: str) -> Wrong | None:
    """The external id of a role's trust policy (STS AssumeRole, `ExternalId`)."""
    if _EXTERNAL_ID.fullmatch(text):
        return None
    return Wrong("this is not an external id", "2 to 1,224 letters, digits and _ + = , . @ : / -")


def profile(text: str) -> Wrong | None:
    """A profile of AWS's configuration files."""
    return None if _PROFILE.fullmatch(text) else Wrong(f"{text!r} is not a profile's name", "as in ~/.aws/config")


def kms_key(text: str) -> Wrong | None:
    """A KMS key: id, ARN or alias."""
    if _KMS_KEY.fullmatch(text):
        return None
    return Wrong(f"{text!r} is not a KMS key", "its id, its ARN, or alias/NAME")


def tag_key(text: str) -> Wrong | None:
    """A resource tag's key (AWS, "Tag naming limits")."""
    if _TAG.fullmatch(text) and 0 < len(text) <= _LONGEST_TAG_KEY and not text.lower().startswith("aws:"):
        return None
    return Wrong(f"{text!r} is not a tag's key", "up to 128 letters, digits, spaces and _ . : / = + - @; not aws:…")


def tag_value(text: str) -> Wrong | None:
    """A resource tag's value."""
    if _TAG.fullmatch(text) and len(text) <= _LONGEST_TAG_VALUE:
        return None
    return Wrong(f"{text!r} is not a tag's value", "up to 256 letters, digits, spaces and _ . : / = + - @")
