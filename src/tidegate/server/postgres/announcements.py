"""Announcements: `Touched` as notifications of PostgreSQL."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Final
from uuid import uuid4

import psycopg

from tidegate.engine.views.board import Fault
from tidegate.errors.model import InvalidKey
from tidegate.errors.server import WebhookInvalid
from tidegate.model.key import EverythingKey, ServiceKey, parse_key
from tidegate.server.others import Touched
from tidegate.server.postgres.database import Database
from tidegate.server.webhooks.document import Document

ANNOUNCEMENTS_CHANNEL: Final = "tidegate_touched"
_LOG: Final = logging.getLogger(__name__)
_MOST_BYTES: Final = 7_900
"""PostgreSQL takes less than 8,000."""
_MOST_TEXT: Final = 1_000


class Announcements:
    """Fulfils `Others`.

    Args:
        database: through which they are told.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._name = uuid4().hex
        self._listener: Callable[[Touched], None] | None = None

    def subscribe(self, listener: Callable[[Touched], None]) -> None:
        """Have `listener` called with what the others tell; it must be quick and raise nothing."""
        self._listener = listener

    def close(self) -> None:
        """Hear no more."""
        self._listener = None

    def tell(self, touched: Touched) -> None:
        """Tell the others."""
        try:
            with self._database.connection() as connection:
                connection.execute("SELECT pg_notify(%s, %s)", (ANNOUNCEMENTS_CHANNEL, _written(self._name, touched)))
        except psycopg.Error as error:
            _LOG.warning("the others look later: %s", error, extra={"fields": {"event": "queue"}})

    def heard(self, text: str) -> None:
        """Pass on what another process tells. What can't be read may be anything: then everything is looked at."""
        try:
            document = Document.parse(text.encode())
            touched = _read(document)
            if document.text("from") == self._name and touched.key != EverythingKey():
                return
        except (WebhookInvalid, InvalidKey):
            touched = Touched()
        if self._listener is not None:
            self._listener(touched)

    def missed(self) -> None:
        """Pass on that anything may have been told."""
        if self._listener is not None:
            self._listener(Touched())


def _written(name: str, touched: Touched) -> str:
    failure = touched.failure
    record: dict[str, object] = {"from": name, "key": str(touched.key), "cells": sorted(map(str, touched.cells))}
    if failure is not None:
        hint = failure.hint and failure.hint[:_MOST_TEXT]
        what = failure.what[:_MOST_TEXT]
        record["failure"] = {"code": failure.code, "what": what, "hint": hint, "waits": failure.waits}
    text = json.dumps(record)
    return text if len(text) <= _MOST_BYTES else json.dumps({"from": name, "key": str(EverythingKey())})


def _read(document: Document) -> Touched:
    cells = (parse_key(each.value) for each in document.each("cells") if isinstance(each.value, str))
    code, what = document.text("failure", "code"), document.text("failure", "what")
    return Touched(
        parse_key(document.text("key") or ""),
        frozenset(cell for cell in cells if isinstance(cell, ServiceKey)),
        Fault(code, what, document.text("failure", "hint"), document.at("failure", "waits").value is True)
        if code and what
        else None,
    )
