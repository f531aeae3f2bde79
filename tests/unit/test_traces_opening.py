"""Whether traces are made."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Iterator

import pytest

from support.listening import Listener
from tidegate.cli.debug import Scrubber
from tidegate.ports.telemetry import Ending, Kind, Operation
from tidegate.server.traces import heard_by, open_traces

ENDPOINT = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:9/v1/traces"}


@pytest.fixture
def said() -> Iterator[list[logging.LogRecord]]:
    records: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = records.append  # type: ignore[method-assign]
    logger = logging.getLogger("tidegate.server.traces")
    logger.addHandler(handler)
    yield records
    logger.removeHandler(handler)


def test_without_the_extra_a_line_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, said: list[logging.LogRecord]
) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(importlib.util, "find_spec", missing)
    with open_traces(ENDPOINT) as traces:
        assert traces is None
    assert ["tidegate[otel]" in each.getMessage() for each in said] == [True]
    with open_traces({}) as traces:
        assert traces is None
    assert len(said) == 1, "nobody asked for traces"


def test_all_who_listen_hear_begin_and_end() -> None:
    first, second = Listener(), Listener()
    several = heard_by(first, None, second)
    assert several is not None
    several.begin(Operation(Kind.GIT, "fetch"))(Ending("ok"))
    assert first.words == second.words == ["git fetch ok"]
    assert heard_by(None, first) is first
    assert heard_by(None, None) is None, "where nobody listens, nothing is told"


def test_a_collectors_credentials_are_hidden_in_logs() -> None:
    scrubber = Scrubber.of({"OTEL_EXPORTER_OTLP_HEADERS": "api-key=v3ry-s3cret,tenant=one,no-pair-at-all"})
    assert scrubber.clean("a v3ry-s3cret b no-pair-at-all tenant") == "a [hidden] b [hidden] tenant"
