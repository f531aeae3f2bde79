"""API tokens: a secret that a program sends, and its hash in a file."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Final

from tidegate.config.token_file import TokenEntry, read_tokens, token_file_bytes
from tidegate.errors.server import TokenFileInvalid
from tidegate.server.access.secrets import digest_of

_LOG: Final = logging.getLogger(__name__)


class Tokens:
    """The tokens in a file, which is read again when it has changed: to delete an entry is to revoke the token.

    Args:
        file: absolute; None: there are no tokens.

    Raises:
        TokenFileInvalid: it can't be read now. Once it was, an unreadable file is one without tokens.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._lock = Lock()
        self._seen: tuple[int, int, int] | None = None
        self._entries: Mapping[str, TokenEntry] = {}
        if file is not None:
            read_tokens(token_file_bytes(file), str(file))

    def entry(self, token: str, now: datetime) -> TokenEntry | None:
        """Return the entry of a token that is good now, or None."""
        found = self._by_digest().get(digest_of(token))
        return found if found is not None and now < found.expires else None

    def _by_digest(self) -> Mapping[str, TokenEntry]:
        if self._file is None:
            return {}
        with self._lock:
            seen = _state(self._file)
            if seen != self._seen:
                self._entries = self._read(self._file)
                self._seen = seen
            return self._entries

    def _read(self, file: Path) -> Mapping[str, TokenEntry]:
        try:
            entries = read_tokens(token_file_bytes(file), str(file))
        except TokenFileInvalid as error:
            _LOG.warning("no API token is taken: %s", error, extra={"fields": {"code": error.code}})
            return {}
        return {entry.digest: entry for entry in entries.values()}


def _state(file: Path) -> tuple[int, int, int]:
    try:
        found = file.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_mtime_ns, found.st_size, found.st_ino)
