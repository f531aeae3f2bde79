"""Opening sockets: to a host, through a proxy, with the waits and the trust that are wanted."""

from __future__ import annotations

import socket
from array import array
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tidegate.errors.http import AddressRefused, ProxyRefused, ServerNotTrusted
from tidegate.http.addresses import is_link_local
from tidegate.http.inflow import Inflow
from tidegate.http.messages import reason
from tidegate.http.url import Origin
from tidegate.http.wire import NotHttp, request_head

if TYPE_CHECKING:
    import ssl

    from tidegate.http.proxy import Proxy

_AUTHORITIES: Final = "SSL_CERT_FILE, or ca_file of a registry, names a PEM file with certificates"
_RENEW: Final = "who runs the server has to renew it; or is this machine's clock wrong?"
_ANOTHERS: Final = "this is another server's certificate: is the address right, or does a proxy stand in between?"
_ABOUT_CERTIFICATES: Final[Mapping[int, str]] = {
    9: "it is not valid yet: is this machine's clock right?",
    10: _RENEW,
    62: _ANOTHERS,
    64: _ANOTHERS,
}
"""What to do by OpenSSL's number of the reason (`X509_V_ERR_…` in x509_vfy.h); another authority else."""
_SUCCESS: Final = range(200, 300)
_WHO: Final = frozenset({401, 407})
_NOT_THERE: Final = frozenset({403, 405})


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait, in seconds.

    Args:
        connect: for a connection.
        silence: for the next byte of an answer, or for a piece of a request to be taken; for the answer to a large
            body longer, by its size.
    """

    connect: float = 10
    silence: float = 60


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom to believe.

    Args:
        ca_file: certificates of further authorities (PEM), besides the system's.
        verify: whether certificates are verified at all.
    """

    ca_file: Path | None = None
    verify: bool = True

    def context(self) -> ssl.SSLContext:
        """Return the TLS settings that this means.

        Raises:
            ServerNotTrusted: `ca_file` can't be read.
        """
        import ssl  # noqa: PLC0415 - it takes as long as all else that a request needs

        context = ssl.create_default_context()
        if self.ca_file is not None:
            try:
                context.load_verify_locations(cafile=str(self.ca_file))
            except OSError as error:
                what = f"the file of certificate authorities can't be used ({reason(error)})"
                raise ServerNotTrusted(what, where=str(self.ca_file), hint=_AUTHORITIES) from error
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


def not_trusted(error: ssl.SSLCertVerificationError, there: Origin) -> ServerNotTrusted:
    """Return the error for a certificate of `there` that can't be verified; what to do depends on OpenSSL's reason."""
    hint = _ABOUT_CERTIFICATES.get(error.verify_code, _AUTHORITIES)
    what = f"the server's certificate can't be verified: {error.verify_message}"
    return ServerNotTrusted(what, where=str(there), hint=hint)


def no_tls(error: ssl.SSLError, there: Origin) -> ServerNotTrusted | None:
    """Return the error for a server that answers in something else than TLS, or None when it does not."""
    if error.reason not in {"WRONG_VERSION_NUMBER", "HTTP_REQUEST"}:
        return None
    hint = (
        "does it speak plain HTTP? In tidegate.yaml its endpoint is http://HOST:PORT then; a registry without an "
        "endpoint is `insecure: true`"
    )
    return ServerNotTrusted("the server does not speak TLS", where=str(there), hint=hint)


@contextmanager
def closed_on_error(sock: socket.socket) -> Iterator[None]:
    """Close `sock` when what is done in this context fails."""
    done = False
    try:
        yield
        done = True
    finally:
        if not done:
            sock.close()


def connected(there: Origin, timeout: float, *, refuse_link_local: bool) -> socket.socket:
    """Return a connection to the first address of `there` that answers.

    Raises:
        AddressRefused: an address is link-local, and that is refused.
        OSError: none answers.
    """
    failed: OSError | None = None
    # As bytes: a name in text would be looked at as an international one, which takes longer than a request.
    for family, kind, protocol, _, address in socket.getaddrinfo(
        there.host.encode("ascii"), there.port, type=socket.SOCK_STREAM
    ):
        if refuse_link_local and is_link_local(str(address[0])):
            hint = "such addresses serve machine credentials; ask who runs the server that points there"
            raise AddressRefused("a server points to a name whose address is link-local", where=str(there), hint=hint)
        try:
            sock = socket.socket(family, kind, protocol)
            with closed_on_error(sock):
                sock.settimeout(timeout)
                sock.connect(address)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            failed = error
        else:
            return sock
    raise failed or OSError("the name has no address")


def be_patient(sock: socket.socket, seconds: float) -> None:
    """Have the system itself end a wait after so many seconds: a large piece then needs one call and no poll."""
    whole, part = divmod(seconds, 1)
    limit = array("l", (int(whole), int(part * 1_000_000)))  # a `timeval`
    sock.settimeout(None)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)


def tunnel(sock: socket.socket, origin: Origin, proxy: Proxy) -> None:
    """Have `proxy` connect `sock` to `origin` (RFC 9110, 9.3.6).

    Raises:
        ProxyRefused: it wants other credentials, or forbids the address: another attempt gets the same answer.
        NotHttp: it does not, e.g. because it finds nobody there.
        OSError: the connection broke.
    """
    there = f"{f'[{origin.host}]' if ':' in origin.host else origin.host}:{origin.port}"
    fields = {"Proxy-Authorization": proxy.authorization} if proxy.authorization else {}
    sock.sendall(request_head("CONNECT", there, there, fields))
    inflow = Inflow(sock, whole=False)
    status = inflow.head().status
    if status in _WHO or status in _NOT_THERE:
        hint = "ask who runs it to let us connect there, or name the host in NO_PROXY to go without it"
        if status in _WHO:
            wants = "does not accept the user and password" if proxy.authorization else "wants a user and a password"
            hint = f"it {wants}; they stand in HTTPS_PROXY=http://USER:PASSWORD@{proxy.origin.authority}"
        raise ProxyRefused(f"the proxy {proxy.origin.host} answered {status}", where=str(origin), hint=hint)
    if status not in _SUCCESS or not inflow.is_empty:
        raise NotHttp(f"it answered {status}")
