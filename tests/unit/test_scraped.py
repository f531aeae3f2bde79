"""The figures of a worker."""

from __future__ import annotations

import socket
import urllib.request

import pytest
from prometheus_client import CollectorRegistry, Counter

from tidegate.errors.server import ListenRefused
from tidegate.server.scraped import shown_at


def test_figures_are_shown_where_it_was_said_and_not_for_longer() -> None:
    registry = CollectorRegistry()
    Counter("tidegate_keys_handled", "Keys.", registry=registry).inc()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ListenRefused) as caught, shown_at(("127.0.0.1", port), registry):
            pass
        assert (caught.value.where, caught.value.exit_code) == (f"127.0.0.1:{port}", 2)
        assert f", e.g. --metrics 127.0.0.1:{port + 1}" in str(caught.value.hint), "not the one that is taken"
    for _ in range(2):  # the port is let go
        url = f"http://127.0.0.1:{port}/metrics"
        with shown_at(("127.0.0.1", port), registry), urllib.request.urlopen(url, timeout=20) as answer:
            assert b"tidegate_keys_handled_total 1.0" in answer.read()
