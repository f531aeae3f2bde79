"""Connections that are kept open between requests, shared by threads."""

from __future__ import annotations

import http.client
import select
import socket
import ssl
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tidegate.errors.http import AddressRefused, HostUnreachable, ServerNotTrusted
from tidegate.http.messages import reason
from tidegate.http.proxies import Proxies
from tidegate.http.url import Origin, is_link_local

_IDLE_PER_ORIGIN: Final = 16


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait, in seconds.

    Args:
        connect: for a connection.
        silence: for the next byte of an answer, or for a piece of a request to be taken.
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
        context = ssl.create_default_context()
        if self.ca_file is not None:
            try:
                context.load_verify_locations(cafile=str(self.ca_file))
            except OSError as error:
                what = f"the file of certificate authorities can't be used ({reason(error)})"
                raise ServerNotTrusted(what, where=str(self.ca_file), hint="a PEM file; see SSL_CERT_FILE") from error
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


@dataclass(slots=True)
class Connection:
    """One connection, in one thread's hands at a time.

    Args:
        origin: what it was opened for.
        http: the connection as http.client has it.
        absolute: request lines name the whole URL: the other end is a proxy.
        proxy_authorization: sent with each request when the other end is a proxy.
        used: whether a request has been answered on it.
    """

    origin: Origin
    http: http.client.HTTPConnection
    absolute: bool = False
    proxy_authorization: str | None = field(default=None, repr=False)
    used: bool = False

    @property
    def is_alive(self) -> bool:
        """Whether the other end has kept it open: an idle connection has nothing to say but its end."""
        return self.http.sock is not None and not _readable(self.http.sock)


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
            connection.http.close()
        return self._open(origin, given_by_server=given_by_server)

    def give_back(self, connection: Connection) -> None:
        """Keep a connection for the next request."""
        connection.used = True
        with self._lock:
            idle = self._idle[connection.origin]
            if len(idle) < _IDLE_PER_ORIGIN:
                idle.append(connection)
                return
        connection.http.close()

    def close(self) -> None:
        """Close the idle connections."""
        with self._lock:
            idle = [connection for connections in self._idle.values() for connection in connections]
            self._idle.clear()
        for connection in idle:
            connection.http.close()

    def _open(self, origin: Origin, *, given_by_server: bool) -> Connection:
        connection = self._prepare(origin)
        through = "" if connection.http.host == origin.host else f" through the proxy {connection.http.host}"
        try:
            connection.http.connect()
            connection.http.sock.settimeout(self._timeouts.silence)
            peer: object = connection.http.sock.getpeername()[0]
        except ssl.SSLCertVerificationError as error:
            connection.http.close()
            raise ServerNotTrusted(
                f"the server's certificate can't be verified: {error.verify_message}",
                where=str(origin),
                hint="name the file of your authority's certificates in SSL_CERT_FILE",
            ) from error
        except (OSError, http.client.HTTPException, UnicodeError) as error:
            connection.http.close()
            raise HostUnreachable(
                f"no connection{through}: {reason(error)}",
                where=str(origin),
                hint="is the address right, the server up and the network open?",
            ) from error
        if given_by_server and is_link_local(str(peer)):
            connection.http.close()
            raise AddressRefused("a server points to a name whose address is link-local", where=str(origin))
        return connection

    def _prepare(self, origin: Origin) -> Connection:
        proxy = self._proxies.find(origin)
        there = proxy.origin if proxy else origin
        if origin.scheme == "http":
            plain = http.client.HTTPConnection(there.host, there.port, timeout=self._timeouts.connect)
            return Connection(origin, plain, proxy is not None, proxy.authorization if proxy else None)
        secure = http.client.HTTPSConnection(
            there.host, there.port, timeout=self._timeouts.connect, context=self._tls()
        )
        if proxy:
            fields = {"Proxy-Authorization": proxy.authorization} if proxy.authorization else {}
            secure.set_tunnel(origin.host, origin.port, fields)
        return Connection(origin, secure)

    def _tls(self) -> ssl.SSLContext:
        with self._lock:
            if self._context is None:
                self._context = self._trust.context()
            return self._context


def _readable(sock: socket.socket) -> bool:
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))
