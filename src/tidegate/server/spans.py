"""Traces by OpenTelemetry's SDK, sent by OTLP over HTTP. Imported only where traces are wanted: see traces.py."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Thread
from typing import Final

from opentelemetry import context, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from tidegate import __version__
from tidegate.ports.telemetry import End, Ending, Kind, Operation

_KINDS: Final = {
    Kind.FORGE: SpanKind.CLIENT,
    Kind.REGISTRY: SpanKind.CLIENT,
    Kind.GIT: SpanKind.INTERNAL,
    Kind.KEY: SpanKind.CONSUMER,
    Kind.REQUEST: SpanKind.SERVER,
}
_WHOLES: Final = frozenset({Kind.KEY, Kind.REQUEST})
"""What others are parts of."""
_CLOSE_SECONDS: Final = 3.0
"""A collector that does not answer must not keep the process from ending."""


class Spans:
    """Fulfils `Traces`. Its provider is nobody else's: what is instrumented by itself would tell whole URLs.

    Args:
        provider: makes spans and sends them.
    """

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("tidegate", __version__)
        self._propagator = TraceContextTextMapPropagator()

    @classmethod
    def to_collector(cls, environ: Mapping[str, str]) -> Spans:
        """Return those that go to the collector which the process's environment names.

        Args:
            environ: environment variables.

        Raises:
            ValueError: a variable holds what can't be used.
        """
        named = "OTEL_SERVICE_NAME" in environ or "service.name=" in environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
        name = {} if named else {"service.name": "tidegate"}
        resource = Resource.create({**name, "service.version": __version__})
        provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        return cls(provider)

    def begin(self, operation: Operation) -> End:
        """Begin a span below the one that this thread or task is in; what is a whole becomes that one."""
        carrier = {"traceparent": operation.parent} if operation.parent else {}
        above = self._propagator.extract(carrier) if carrier else None
        name = operation.name if operation.kind is Kind.REQUEST else f"{operation.kind.value} {operation.name}"
        span = self._tracer.start_span(name, above, _KINDS[operation.kind], dict(operation.details))
        if operation.account:
            span.set_attribute("tidegate.registry", operation.account)
        token = context.attach(trace.set_span_in_context(span)) if operation.kind in _WHOLES else None

        def end(ending: Ending) -> None:
            _finish(span, ending)
            if token is not None:
                context.detach(token)

        return end

    def current(self) -> Mapping[str, str]:
        """Return `trace_id` and `span_id` of the span that this thread or task is in; {} outside of one."""
        found = trace.get_current_span().get_span_context()
        if not found.is_valid:
            return {}
        return {"trace_id": trace.format_trace_id(found.trace_id), "span_id": trace.format_span_id(found.span_id)}

    def close(self) -> None:
        """Send what has not been sent, for a few seconds at most."""
        closing = Thread(target=self._provider.shutdown, name="traces", daemon=True)
        closing.start()
        closing.join(_CLOSE_SECONDS)


def _finish(span: Span, ending: Ending) -> None:
    span.set_attributes({"tidegate.outcome": ending.outcome, **ending.details})
    if ending.name is not None:
        span.update_name(ending.name)
    if ending.failed:
        span.set_attribute("error.type", ending.outcome)
        span.set_status(Status(StatusCode.ERROR))
    span.end()
