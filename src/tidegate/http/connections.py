"""Connections that are kept open between requests, shared by threads."""

from __future__ import annotations

import select
import socket
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tidegate.errors.http import HostUnreachable
from tidegate.http.inflow import Inflow
from tidegate.http.messages import reason
from tidegate.http.sockets import Timeouts, Trust, be_patient, closed_on_error, connected, no_tls, not_trusted, tunnel
from tidegate.http.url import Origin
from tidegate.http.wire import NotHttp

if TYPE_CHECKING:
    import ssl

    from tidegate.http.proxies import Proxies
    from tidegate.http.proxy import Proxy

_IDLE_PER_ORIGIN: Final = 32


@dataclass(slots=True)
class Connection:
    """One connection, in one thread's hands at a time.

    Args:
        origin: what it was opened for.
        sock: its socket.
        inflow: what arrives on it.
        silence: seconds for which it may bring nothing.
        absolute: request lines name the whole URL: the other end is a proxy.
        proxy_authorization: sent with each request when the other end is a proxy.
        used: whether a request has been answered on it.
    """

    origin: Origin
    sock: socket.socket
    inflow: Inflow
    silence: float
    absolute: bool = False
    proxy_authorization: str | None = field(default=None, repr=False)
    used: bool = False

    @property
    def is_alive(self) -> bool:
        """Whether the other end has kept it open: an idle connection has nothing to say but its end."""
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        return not poll.poll(0)

    @contextmanager
    def patient(self, seconds: float) -> Iterator[None]:
        """Return a context in which it may bring nothing for so many seconds more."""
        self._wait_for(self.silence + seconds)
        yield
        self._wait_for(self.silence)

    def _wait_for(self, seconds: float) -> None:
        if self.origin.scheme == "https":
            self.sock.settimeout(seconds)
        else:
            be_patient(self.sock, seconds)

    def close(self) -> None:
        """Close it."""
        self.sock.close()


class Pool:
    """Idle connections by origin. Safe for use by many threads.

    Args:
        timeouts: how long to wait.
        trust: whom to believe.
        proxies: which proxy to go through.
    """

    def __init__(self, timeouts: Timeouts, trust: Trust, proxies: Proxies) -> None:
        self._timeouts = timeouts
        self._trust = trust
        self._proxies = proxies
        self._lock = threading.Lock()
        self._idle: defaultdict[Origin, list[Connection]] = defaultdict(list)
        self._context: ssl.SSLContext | None = None

    def take(self, origin: Origin, *, fresh: bool, given_by_server: bool) -> Connection:
        """Return a connection to `origin`: an idle one, or a new one (always with `fresh`).

        Raises:
            HostUnreachable: nobody answers there.
            ServerNotTrusted: the certificate can't be verified.
            AddressRefused: `given_by_server`, and the name leads to a link-local address.
        """
        while not fresh:
            with self._lock:
                connection = self._idle[origin].pop() if self._idle[origin] else None
            if connection is None:
                break
            if connection.is_alive:
                return connection
            connection.close()
        return self._open(origin, given_by_server=given_by_server)

    def give_back(self, connection: Connection) -> None:
        """Keep a connection for the next request."""
        connection.used = True
        with self._lock:
            idle = self._idle[connection.origin]
            if len(idle) < _IDLE_PER_ORIGIN:
                idle.append(connection)
                return
        connection.close()

    def close(self) -> None:
        """Close the idle connections."""
        with self._lock:
            idle = [connection for connections in self._idle.values() for connection in connections]
            self._idle.clear()
        for connection in idle:
            connection.close()

    def _open(self, origin: Origin, *, given_by_server: bool) -> Connection:
        proxy = self._proxies.find(origin)
        there = proxy.origin if proxy else origin
        context = self._tls() if origin.scheme == "https" else None
        try:
            sock = connected(there, self._timeouts.connect, refuse_link_local=given_by_server and proxy is None)
            with closed_on_error(sock):
                if context is not None:
                    return self._secured(sock, origin, proxy, context)
                be_patient(sock, self._timeouts.silence)
        except (OSError, NotHttp) as error:
            through = f" through the proxy {there.authority}" if proxy else ""
            hint = "is the address right, the server up and the network open?"
            if proxy:
                name = f"{origin.scheme.upper()}_PROXY"
                hint = f"is the address right, and the proxy's in {name} or ALL_PROXY? NO_PROXY lists what goes without"
            raise HostUnreachable(f"no connection{through}: {reason(error)}", where=str(origin), hint=hint) from error
        authorization = proxy.authorization if proxy else None
        inflow = Inflow(sock, whole=True)
        return Connection(origin, sock, inflow, self._timeouts.silence, proxy is not None, authorization)

    def _secured(self, sock: socket.socket, origin: Origin, proxy: Proxy | None, context: ssl.SSLContext) -> Connection:
        import ssl  # noqa: PLC0415 - as in `Trust.context`

        if proxy:
            tunnel(sock, origin, proxy)
        try:
            # The name as bytes, as in `connected`; and an end without close_notify is told from one in order.
            secure = context.wrap_socket(sock, server_hostname=origin.host.encode("ascii"), suppress_ragged_eofs=False)
        except ssl.SSLCertVerificationError as error:
            raise not_trusted(error, origin) from error
        except ssl.SSLError as error:
            raise (no_tls(error, origin) or error) from error
        secure.settimeout(self._timeouts.silence)
        return Connection(origin, secure, Inflow(secure, whole=False), self._timeouts.silence)

    def _tls(self) -> ssl.SSLContext:
        with self._lock:
            if self._context is None:
                self._context = self._trust.context()
            return self._context
