"""Traces: whether somebody wants them, and where they end. Nothing of its SDK is imported before both are clear.

They are configured by OpenTelemetry's own variables alone (its specification, 'Environment Variable Specification').
"""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, Protocol

from tidegate.errors.telemetry import TracesMisconfigured
from tidegate.ports.telemetry import End, Ending, Operation, Telemetry

_LOG: Final = logging.getLogger(__name__)
_ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_NEEDED: Final = ("opentelemetry.sdk.trace", "opentelemetry.exporter.otlp.proto.http.trace_exporter")


class Traces(Telemetry, Protocol):
    """Makes a trace of what it hears."""

    def current(self) -> Mapping[str, str]:
        """Return what a line of the log says of the trace that it belongs to; {} outside of one."""
        ...

    def close(self) -> None:
        """Send what has not been sent, for a few seconds at most. May be called again."""
        ...


@contextmanager
def open_traces(environ: Mapping[str, str]) -> Iterator[Traces | None]:
    """Give what makes traces, or None where nobody wants them; at the end they are sent.

    Args:
        environ: environment variables. OpenTelemetry reads its own from the process's: the same ones.

    Raises:
        TracesMisconfigured: a variable of OpenTelemetry's holds what can't be used.
    """
    if not _are_wanted(environ):
        yield None
        return
    if not all(map(_is_there, _NEEDED)):
        _LOG.warning("no traces are sent: they need what is not installed: pip install 'tidegate[otel]'")
        yield None
        return
    from tidegate.server.spans import Spans  # noqa: PLC0415 - only where it is wanted

    try:
        spans = Spans.to_collector(environ)
    except ValueError as error:
        raise TracesMisconfigured(
            f"OpenTelemetry can't be set up: {error}", hint="look at the variables that begin with OTEL_"
        ) from error
    try:
        yield spans
    finally:
        spans.close()


def _are_wanted(environ: Mapping[str, str]) -> bool:
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    exporters = environ.get("OTEL_TRACES_EXPORTER") or "otlp"
    return "otlp" in exporters.split(",") and any(environ.get(name) for name in _ENDPOINTS)


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # one of the packages that it would be in
        return False


def heard_by(*listeners: Telemetry | None) -> Telemetry | None:
    """Return what tells all of `listeners` that there are; None where there is none."""
    found = [each for each in listeners if each is not None]
    return found[0] if len(found) == 1 else _Several(found) if found else None


class _Several:
    """Fulfils `Telemetry` for several who listen.

    Args:
        listeners: all of them.
    """

    def __init__(self, listeners: Sequence[Telemetry]) -> None:
        self._listeners = tuple(listeners)

    def begin(self, operation: Operation) -> End:
        """Have all of them hear it; who heard it last hears its end first."""
        ends: list[Callable[[Ending], None]] = [each.begin(operation) for each in self._listeners]

        def end(ending: Ending) -> None:
            for each in reversed(ends):
                each(ending)

        return end
