"""What is said where the system does not let the server listen."""

from __future__ import annotations

import errno
from typing import Final

from tidegate.errors.server import ListenRefused

_HIGHEST_PORT: Final = 65535


def listen_refused(error: OSError, host: str, port: int, option: str) -> ListenRefused:
    """Return the error for an address that can't be had; its hint names another one.

    Args:
        error: what the system says.
        host: a name or an IP address.
        port: of TCP.
        option: what says the address, e.g. `--listen`.
    """
    shown = f"[{host}]" if ":" in host else host
    if error.errno == errno.EADDRINUSE:
        other = port + 1 if port < _HIGHEST_PORT else port - 1
        hint = f"something listens there already: stop it, or take another port, e.g. {option} {shown}:{other}"
    else:
        hint = f"name an address of this machine and a port that you may take, e.g. {option} 127.0.0.1:0 for a free one"
    return ListenRefused(f"can't listen there: {error.strerror}", where=f"{shown}:{port}", hint=hint)
