"""Errors of Kubernetes clusters, and of Flux in them."""

from __future__ import annotations

from tidegate.errors import AuthenticationError, TidegateError, UsageError
from tidegate.errors.http import ServerBusy


class ClusterExtraMissing(UsageError):
    """The extra `cluster` (lightkube) is needed and not installed."""

    code = "cluster/extra-missing"


class ClusterNotConfigured(UsageError):
    """The environment has no cluster in the configuration, so that nobody can tell what runs."""

    code = "cluster/not-configured"


class KubeconfigUnusable(UsageError):
    """There is no kubeconfig, it can't be read, or it asks for what is not supported."""

    code = "cluster/kubeconfig"


class ClusterCredentialsUnusable(AuthenticationError):
    """The kubeconfig's program gives no credentials, or a file with a token or a certificate can't be read."""

    code = "cluster/credentials"


class ClusterUnreachable(TidegateError):
    """No connection to the cluster's API, or it broke. A retry may help."""

    code = "cluster/unreachable"
    retryable = True


class ClusterNotTrusted(TidegateError):
    """The certificate of the cluster's API can't be verified."""

    code = "cluster/not-trusted"


class ClusterBusy(ServerBusy):
    """The cluster's API asks for patience, or has trouble of its own."""

    code = "cluster/busy"


class ClusterUnauthorized(AuthenticationError):
    """The cluster does not accept who we are: no credentials, wrong ones, or expired ones."""

    code = "cluster/unauthorized"


class ClusterForbidden(AuthenticationError):
    """The cluster knows who we are, and does not let us list HelmReleases."""

    code = "cluster/forbidden"


class FluxMissing(TidegateError):
    """The cluster knows no HelmReleases: Flux's helm-controller is not installed there."""

    code = "cluster/flux-missing"


class ClusterAnswerUnreadable(TidegateError):
    """The answer is not what the API of Kubernetes says: perhaps another server's, or a proxy's."""

    code = "cluster/answer"


class ReleaseAmbiguous(TidegateError):
    """Several HelmReleases of the cluster may be the one that is declared."""

    code = "cluster/ambiguous"
