"""One connection to a cluster's API: who we are by lightkube, requests by the HTTP client that it sets up."""

from __future__ import annotations

import json
import logging
import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tidegate.cluster.kubeconfig import HINT, Connection, read_connection
from tidegate.errors.cluster import (
    ClusterAnswerUnreadable,
    ClusterBusy,
    ClusterCredentialsUnusable,
    ClusterExtraMissing,
    ClusterNotTrusted,
    ClusterUnauthorized,
    ClusterUnreachable,
    KubeconfigUnusable,
)
from tidegate.model.cluster_access import ClusterAccess
from tidegate.model.json import Json

if TYPE_CHECKING:
    import httpx2
    from lightkube.config.kubeconfig import KubeConfig, SingleConfig

_LOG: Final = logging.getLogger(__name__)
SERVICE_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_CONNECT_SECONDS: Final = 5.0
_READ_SECONDS: Final = 20.0
_LONGEST: Final = 300
_USER_INFO: Final = re.compile(r"://[^/@]*@")
_STATUSES: Final = frozenset(map(int, HTTPStatus))


class Api:
    """Asks one cluster. For one thread at a time.

    Args:
        connection: where it is and who we are; None: the service account of the pod that we are in.
        environ: environment variables, for the service account and for programs.
        account: the folder of that service account.

    Raises:
        ClusterExtraMissing: the library is not installed.
        KubeconfigUnusable, ClusterCredentialsUnusable: that does not say where it is and who we are.
    """

    def __init__(
        self, connection: Connection | None, environ: Mapping[str, str], account: Path = SERVICE_ACCOUNT
    ) -> None:
        if find_spec("lightkube") is None:
            raise ClusterExtraMissing(
                "reading a cluster needs what is not installed", hint="pip install 'tidegate[cluster]'"
            )
        import httpx2  # noqa: PLC0415 - lightkube's
        from lightkube.config.client_adapter import Client, ConnectionParams  # noqa: PLC0415 - an extra
        from lightkube.core.exceptions import ConfigError  # noqa: PLC0415

        config = _config(connection) if connection else _of_pod(environ, account)
        proxy = connection.text("proxy-url") if connection else None
        self._server_name = connection.text("tls-server-name") if connection else None
        self._program = connection.program if connection else None
        self._environ = environ
        self._token: str | None = None
        self.server: Final = _USER_INFO.sub("://", config.cluster.server)
        """The API's address."""
        try:
            self._http = Client(config, ConnectionParams(timeout=_timeout(), proxy=proxy))
        except (OSError, ValueError) as error:  # a certificate or key that is not there, or is none
            raise ClusterCredentialsUnusable(
                f"a certificate or key of the kubeconfig can't be read: {_brief(error)}", where=self.server, hint=HINT
            ) from None
        except (ConfigError, httpx2.InvalidURL) as error:
            raise KubeconfigUnusable(_brief(error), where=self.server, hint=HINT) from None

    @classmethod
    def open(cls, access: ClusterAccess, environ: Mapping[str, str], home: Path) -> Api:
        """Return a connection to the cluster that `access` names; arguments and errors as `read_connection`."""
        return cls(read_connection(access, environ, home), environ)

    def close(self) -> None:
        """Close it."""
        self._http.close()

    def get(self, path: str, query: Mapping[str, str]) -> tuple[HTTPStatus, Json]:
        """Return status and document at `path`; what is no JSON document is None.

        Raises:
            ClusterUnreachable, ClusterNotTrusted: there is no connection.
            ClusterCredentialsUnusable: the kubeconfig's program gives no token, or a file with one is gone.
            ClusterUnauthorized: the cluster does not accept them.
            ClusterBusy: it can't answer now.
            ClusterAnswerUnreadable: it sends us elsewhere.
        """
        answer = self._ask(path, query)
        if answer.status_code == HTTPStatus.UNAUTHORIZED and self._token is not None:
            self._token = None  # it may be over: the program gives another
            answer = self._ask(path, query)
        status = answer.status_code
        _LOG.debug("GET %s%s: %d, %d bytes", self.server, path, status, len(answer.content))
        if status == HTTPStatus.UNAUTHORIZED:
            raise ClusterUnauthorized(
                "the cluster does not accept the credentials", where=self.server, hint="renew them: they may be over"
            )
        if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            wait = answer.headers.get("Retry-After", "")
            raise ClusterBusy(
                f"the cluster's API answered {status}",
                where=self.server,
                hint="try again later",
                retry_after=float(wait) if wait.isascii() and wait.isdecimal() else None,
            )
        if status not in _STATUSES or HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
            what = f"answered {status}, as no API of a cluster does"
            raise ClusterAnswerUnreadable(what, where=self.server, hint="check `server:` in the kubeconfig")
        return HTTPStatus(status), _document(answer.content)

    def _ask(self, path: str, query: Mapping[str, str]) -> httpx2.Response:
        fields = {"Accept": "application/json"}
        if self._program is not None:
            self._token = self._token or self._program.token(self._environ)
            fields["Authorization"] = f"Bearer {self._token}"
        extensions = {"sni_hostname": self._server_name} if self._server_name else {}
        with self._translated():
            return self._http.get(path, params=dict(query), headers=fields, extensions=extensions)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn what the library raises into errors of ours."""
        import httpx2  # noqa: PLC0415 - lightkube's
        from lightkube.core.exceptions import ConfigError  # noqa: PLC0415

        try:
            yield
        except (httpx2.LocalProtocolError, UnicodeError):  # its text would repeat the token
            what = "the kubeconfig's token has characters that no token has"
            raise ClusterCredentialsUnusable(what, where=self.server, hint="is there a line break in it?") from None
        except httpx2.RequestError as error:
            if _is_about_trust(error):
                raise ClusterNotTrusted(
                    "the certificate of the cluster's API can't be verified",
                    where=self.server,
                    hint="give its authority in the kubeconfig: certificate-authority-data",
                ) from None
            what = f"no connection to the cluster's API: {_brief(error) or type(error).__name__}"
            raise ClusterUnreachable(what, where=self.server, hint="check address, network and proxy") from None
        except (ConfigError, OSError) as error:  # a file with a token
            what = f"the kubeconfig's credentials can't be had: {_brief(error)}"
            raise ClusterCredentialsUnusable(what, where=self.server, hint=HINT) from None


def _timeout() -> httpx2.Timeout:
    import httpx2  # noqa: PLC0415 - lightkube's

    return httpx2.Timeout(_CONNECT_SECONDS, read=_READ_SECONDS)


def _config(connection: Connection) -> SingleConfig:
    """Return a context as lightkube has it."""
    import msgspec  # noqa: PLC0415 - lightkube's
    from lightkube.config.kubeconfig import KubeConfig  # noqa: PLC0415 - an extra

    name = connection.name
    document = {
        "current-context": name,
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "clusters": [{"name": name, "cluster": dict(connection.cluster)}],
        "users": [{"name": name, "user": dict(connection.user)}],
    }
    try:
        return _chosen(KubeConfig.from_dict(document, connection.folder and connection.folder / "config"))
    except msgspec.ValidationError as error:
        raise KubeconfigUnusable(f"the kubeconfig says it wrongly: {error}", where=name, hint=HINT) from None


def _of_pod(environ: Mapping[str, str], account: Path) -> SingleConfig:
    """Return who we are as the pod that we run in (Kubernetes, "Accessing the API from within a Pod")."""
    from lightkube.config.kubeconfig import KubeConfig  # noqa: PLC0415 - an extra
    from lightkube.config.models import Cluster, User  # noqa: PLC0415

    host, port = environ.get("KUBERNETES_SERVICE_HOST"), environ.get("KUBERNETES_SERVICE_PORT")
    if not host or not port or not (account / "token").is_file():
        raise KubeconfigUnusable(
            "there is no kubeconfig, and this is no pod with a service account",
            hint="name one: `cluster: {kubeconfig_env: PRD_KUBECONFIG}`, or set KUBECONFIG",
        )
    address = f"https://{f'[{host}]' if ':' in host else host}:{port}"
    cluster = Cluster(server=address, certificate_auth=str(account / "ca.crt"))
    return _chosen(KubeConfig.from_one(cluster=cluster, user=User(token_file=str(account / "token"))))


def _chosen(config: KubeConfig) -> SingleConfig:
    chosen = config.get()
    if chosen is None:
        raise KubeconfigUnusable("the kubeconfig has no current context", hint=HINT)
    return chosen


def _is_about_trust(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _brief(error: Exception) -> str:
    """Return what an error says on one line. None of those that come here repeats a token or a key."""
    said = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return " ".join("".join(each if each.isprintable() else " " for each in said).split())[:_LONGEST]


def _document(data: bytes) -> Json:
    try:
        document: Json = json.loads(data)
    except (ValueError, RecursionError):  # a page: the caller says what that means
        return None
    return document
