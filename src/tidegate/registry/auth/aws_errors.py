"""What botocore raises → our errors. Told apart by class and by AWS's error codes, never by text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Final, Protocol

from tidegate.errors import TidegateError
from tidegate.errors.aws import AwsBusy, AwsCredentialsUnusable, AwsDenied, AwsRefused, AwsUnreachable

_LONGEST_TEXT: Final = 300
_WHO: Final = "`aws sts get-caller-identity` shows who you are to AWS"
_PROFILES: Final = (
    "`aws configure list-profiles` shows those that there are; credentials, or AWS_PROFILE, named this one"
)
_AUTHORITIES: Final = (
    "boto3 can't verify the certificate: AWS_CA_BUNDLE names the file of your authority's certificates"
)

_BUSY: Final = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "RequestLimitExceeded",
        "RequestThrottled",
        "ServerException",
        "ServiceUnavailable",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_BAD_SIGNATURE: Final = frozenset({"IncompleteSignature", "InvalidSignatureException", "SignatureDoesNotMatch"})
"""Whose messages repeat the request's header fields, and with them the session token."""
_DENIED: Final = _BAD_SIGNATURE | {
    "AccessDenied",
    "AccessDeniedException",
    "ExpiredToken",
    "ExpiredTokenException",
    "IDPRejectedClaim",
    "InvalidClientTokenId",
    "InvalidIdentityToken",
    "MissingAuthenticationToken",
    "UnrecognizedClientException",
}
_HINTS: Final[Mapping[type[TidegateError], str]] = {
    AwsBusy: "try again later",
    AwsDenied: f"{_WHO}; ask for the permission, or name another role in credentials",
    AwsRefused: "AWS's own words say why",
}


class Refusal(Protocol):
    """As much of botocore's ClientError as is used."""

    response: Mapping[str, Mapping[str, object]]
    operation_name: str


@contextmanager
def spoken_with_aws(where: str) -> Iterator[None]:
    """Turn botocore's exceptions into ours.

    They are not kept as causes: the texts of some repeat a request with its tokens, or what a credential process said.

    Raises:
        AwsCredentialsUnusable, AwsDenied, AwsUnreachable, AwsBusy, AwsRefused: see there.
    """
    from botocore import exceptions as aws  # noqa: PLC0415 - the extra `aws`, imported when it is used

    try:
        yield
    except aws.ClientError as error:
        raise _of_answer(error, where) from None
    except (aws.HTTPClientError, aws.ConnectionError) as error:
        what = f"AWS's API can't be reached ({type(error).__name__})"
        hint = _AUTHORITIES if isinstance(error, aws.SSLError) else "is the network open, or a proxy needed?"
        raise AwsUnreachable(what, where=where, hint=hint) from None
    except aws.NoCredentialsError:
        hint = f"log in to AWS, or give the job a role; {_WHO}"
        raise AwsCredentialsUnusable("AWS's own chain finds no credentials", where=where, hint=hint) from None
    except aws.ProfileNotFound as error:
        what = f"AWS's own files have no profile {_printable(str(error.kwargs.get('profile', '')))}"
        raise AwsCredentialsUnusable(what, where=where, hint=_PROFILES) from None
    except aws.BotoCoreError as error:
        what = f"AWS's own chain of credentials breaks ({type(error).__name__})"
        raise AwsCredentialsUnusable(what, where=where, hint=_WHO) from None


def error_code(error: Refusal) -> str:
    """Return AWS's code of an error, e.g. `AccessDeniedException`."""
    code = error.response.get("Error", {}).get("Code", "")
    return code if isinstance(code, str) else ""


def _of_answer(error: Refusal, where: str) -> TidegateError:
    code = error_code(error)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    text = error.response.get("Error", {}).get("Message", "")
    broken = isinstance(status, int) and status >= HTTPStatus.INTERNAL_SERVER_ERROR
    kind: type[TidegateError] = AwsRefused
    if code in _DENIED:
        kind = AwsDenied
    elif code in _BUSY or broken:
        kind = AwsBusy
    said = _printable(text) if isinstance(text, str) and code not in _BAD_SIGNATURE else ""
    what = f"AWS answered {code or status} to {error.operation_name}{f': {said}' if said else ''}"
    return kind(what, where=where, hint=_HINTS[kind])


def _printable(text: str) -> str:
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())[:_LONGEST_TEXT]
