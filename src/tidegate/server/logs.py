"""Structured logs: one JSON object a line, with the request's id where there is one."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Final, TextIO

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The id of the request that is being answered."""
_LEVELS: Final = {
    "tidegate": logging.INFO,
    "uvicorn.error": logging.INFO,
    "psycopg.pool": logging.WARNING,
    "opentelemetry": logging.WARNING,
}


class JsonLines(logging.Formatter):
    """Writes a record as JSON. What stands in `extra={"fields": {…}}` is laid beside the message.

    Args:
        clean: takes secrets out of a text.
        context: gives what each line says of the trace that it belongs to, or None.
    """

    def __init__(self, clean: Callable[[str], str], context: Callable[[], Mapping[str, str]] | None = None) -> None:
        super().__init__()
        self._clean = clean
        self._context = context

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        fields = getattr(record, "fields", None)
        if isinstance(fields, dict):
            line |= fields
        if (current := request_id.get()) is not None:
            line["request_id"] = current
        if self._context is not None:
            line |= self._context()
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return self._clean(json.dumps(line, ensure_ascii=False, default=str))


def start_logging(
    stream: TextIO, clean: Callable[[str], str], context: Callable[[], Mapping[str, str]] | None = None
) -> None:
    """Have everything that the server says go to `stream`, one JSON object a line; arguments as of `JsonLines`.

    Called again, it replaces what was begun before.
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines(clean, context))
    for name, level in _LEVELS.items():
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(level)
        logger.propagate = False
