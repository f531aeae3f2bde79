"""Errors of AWS's own API, which gives credentials for ECR and makes repositories in it."""

from __future__ import annotations

from tidegate.errors import AuthenticationError, TidegateError, UsageError
from tidegate.errors.http import ServerBusy


class AwsExtraMissing(UsageError):
    """The extra `aws` (boto3) is needed and not installed."""

    code = "aws/extra-missing"


class AwsCredentialsUnusable(AuthenticationError):
    """AWS's own chain of credentials finds none, or breaks: a profile that is not there, a session that is over."""

    code = "aws/credentials"


class AwsDenied(AuthenticationError):
    """AWS does not accept who we are, or does not let us do this."""

    code = "aws/denied"


class AwsUnreachable(TidegateError):
    """No connection to AWS's API, or it broke. A retry may help."""

    code = "aws/unreachable"
    retryable = True


class AwsBusy(ServerBusy):
    """AWS's API throttles us, or has trouble of its own."""

    code = "aws/busy"


class AwsRefused(TidegateError):
    """AWS's API understood the request and refused it: another attempt gets the same answer."""

    code = "aws/refused"
