"""What botocore raises, and what becomes of it: which error, and no text that may hold a secret."""

from __future__ import annotations

import pytest
from botocore import exceptions as aws

from tidegate.errors import TidegateError
from tidegate.errors.aws import AwsBusy, AwsCredentialsUnusable, AwsDenied, AwsRefused, AwsUnreachable
from tidegate.registry.auth.aws_errors import spoken_with_aws


def answer(code: str, message: str = "s3cret", status: int = 400) -> aws.ClientError:
    said = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return aws.ClientError(said, "CreateRepository")


@pytest.mark.parametrize(
    ("raised", "expected", "what"),
    [
        (answer("ThrottlingException", "Rate exceeded"), AwsBusy, "ThrottlingException to CreateRepository: Rate exc"),
        (answer("Whatever", "", 503), AwsBusy, "AWS answered Whatever to CreateRepository$"),
        (answer("AccessDeniedException", "User: x\n may not\x1b"), AwsDenied, ": User: x may not$"),
        (answer("ExpiredToken", "over"), AwsDenied, "ExpiredToken"),
        (answer("SignatureDoesNotMatch"), AwsDenied, "SignatureDoesNotMatch to CreateRepository$"),
        (answer("LimitExceededException", "too many"), AwsRefused, "LimitExceededException to .*: too many"),
        (aws.ClientError({}, "CreateRepository"), AwsRefused, "AWS answered 0 to CreateRepository$"),
        (aws.EndpointConnectionError(endpoint_url="https://s3cret"), AwsUnreachable, "EndpointConnectionError"),
        (aws.ReadTimeoutError(endpoint_url="https://s3cret"), AwsUnreachable, "ReadTimeoutError"),
        (aws.NoCredentialsError(), AwsCredentialsUnusable, "finds no credentials"),
        (aws.ProfileNotFound(profile="live\x1b"), AwsCredentialsUnusable, "AWS's own files have no profile live$"),
        (aws.SSLError(endpoint_url="https://s3cret", error="s3cret"), AwsUnreachable, "SSLError"),
        (aws.UnauthorizedSSOTokenError(), AwsCredentialsUnusable, "UnauthorizedSSOTokenError"),
        (
            aws.CredentialRetrievalError(provider="custom-process", error_msg="s3cret"),
            AwsCredentialsUnusable,
            "CredentialRetrievalError",
        ),
    ],
)
def test_what_becomes_of_an_exception(raised: Exception, expected: type[TidegateError], what: str) -> None:
    with pytest.raises(TidegateError, match=what) as caught, spoken_with_aws("registries.prd"):
        raise raised
    assert type(caught.value) is expected
    assert caught.value.retryable == (expected in {AwsBusy, AwsUnreachable})
    assert caught.value.where == "registries.prd"
    assert caught.value.hint
    assert caught.value.what.isprintable()
    assert "s3cret" not in f"{caught.value} {caught.value.hint}"
    assert caught.value.__suppress_context__, "a traceback must not show botocore's text"


@pytest.mark.parametrize(
    ("raised", "hint"),
    [
        (aws.SSLError(endpoint_url="https://sts.example", error="self-signed"), "AWS_CA_BUNDLE"),
        (aws.EndpointConnectionError(endpoint_url="https://sts.example"), "proxy needed"),
        (aws.ProfileNotFound(profile="live"), "list-profiles"),
    ],
)
def test_what_to_do_is_said(raised: Exception, hint: str) -> None:
    with pytest.raises(TidegateError) as caught, spoken_with_aws("registries.prd"):
        raise raised
    assert hint in (caught.value.hint or "")


def test_other_exceptions_pass() -> None:
    with pytest.raises(KeyError), spoken_with_aws("registries.prd"):
        raise KeyError
