"""Figures of a process that answers nothing else, for whoever asks there."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from prometheus_client import CollectorRegistry, start_http_server

from tidegate.server.listening import listen_refused

_LOG: Final = logging.getLogger(__name__)


@contextmanager
def shown_at(address: tuple[str, int] | None, registry: CollectorRegistry) -> Iterator[None]:
    """Answer Prometheus's requests at `address`; None: at none.

    Raises:
        ListenRefused: the system does not let it listen there.
    """
    if address is None:
        yield
        return
    host, port = address
    try:
        server, thread = start_http_server(port, host, registry)
    except OSError as error:
        raise listen_refused(error, host, port, "--metrics") from error
    fields = {"event": "listen", "host": host, "port": server.server_port}
    _LOG.info("figures at http://%s:%s", host, server.server_port, extra={"fields": fields})
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
