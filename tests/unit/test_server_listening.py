"""Where the server can't listen, it names an address that may do."""

from __future__ import annotations

import errno
import os

import pytest

from tidegate.server.listening import listen_refused


@pytest.mark.parametrize(
    ("host", "port", "where", "other"),
    [
        ("127.0.0.1", 8080, "127.0.0.1:8080", "--listen 127.0.0.1:8081"),
        ("::1", 65535, "[::1]:65535", "--listen [::1]:65534"),
    ],
)
def test_a_port_that_is_taken_gets_another_one_proposed(host: str, port: int, where: str, other: str) -> None:
    refused = listen_refused(OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE)), host, port, "--listen")
    assert refused.what == "can't listen there: Address already in use"
    assert (refused.where, str(refused.hint).rpartition("e.g. ")[2]) == (where, other)


@pytest.mark.parametrize("number", [errno.EADDRNOTAVAIL, errno.EACCES])
def test_an_address_that_is_not_ours_gets_one_of_this_machine_proposed(number: int) -> None:
    refused = listen_refused(OSError(number, os.strerror(number)), "192.0.2.1", 80, "--metrics")
    assert "e.g. --metrics 127.0.0.1:0 for a free one" in str(refused.hint)
