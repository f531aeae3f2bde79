"""A collector on loopback: it takes traces by OTLP over HTTP and keeps the spans (opentelemetry-proto, trace.proto)."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue

from tidegate.testing.loopback import LoopbackHandler, LoopbackServer


@dataclass(frozen=True, slots=True)
class Seen:
    """A span as it came."""

    name: str
    kind: int
    trace: str
    id: str
    parent: str
    failed: bool
    attributes: Mapping[str, str | int]
    resource: Mapping[str, str | int]


class OtlpReceiver(LoopbackServer):
    """A context manager. `spans` lists what has come, `bodies` its bytes, `headers` the fields of each request."""

    def __init__(self) -> None:
        super().__init__(_Handler, given={"receiver": self})
        self.spans: list[Seen] = []
        self.bodies: list[bytes] = []
        self.headers: list[Mapping[str, str]] = []

    def take(self, path: str, headers: Mapping[str, str], data: bytes) -> None:
        """Take what was posted."""
        assert path == "/v1/traces", path
        data = gzip.decompress(data) if headers.get("Content-Encoding") == "gzip" else data
        self.headers.append(headers)
        self.bodies.append(data)
        for group in ExportTraceServiceRequest.FromString(data).resource_spans:
            resource = _values(group.resource.attributes)
            for span in (span for scope in group.scope_spans for span in scope.spans):
                ids = (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex())
                failed = span.status.code == span.status.STATUS_CODE_ERROR
                self.spans.append(Seen(span.name, span.kind, *ids, failed, _values(span.attributes), resource))

    def named(self, name: str) -> list[Seen]:
        """Return the spans of that name."""
        return [span for span in list(self.spans) if span.name == name]


class _Handler(LoopbackHandler):
    receiver: ClassVar[OtlpReceiver]

    def respond(self) -> None:
        self.receiver.take(self.path, dict(self.headers), self.body())
        self.send(200)


def _values(pairs: list[KeyValue]) -> dict[str, str | int]:
    return {
        pair.key: pair.value.string_value if pair.value.HasField("string_value") else pair.value.int_value
        for pair in pairs
    }
