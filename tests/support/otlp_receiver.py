"""A collector on loopback: it takes traces by OTLP over HTTP and keeps the spans (opentelemetry-proto, trace.proto)."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue


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


class OtlpReceiver:
    """A context manager. `spans` lists what has come, `bodies` its bytes, `headers` the fields of each request."""

    def __init__(self) -> None:
        self.spans: list[Seen] = []
        self.bodies: list[bytes] = []
        self.headers: list[Mapping[str, str]] = []

    def __enter__(self) -> Self:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                data = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.take(self.path, dict(self.headers), data)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

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


def _values(pairs: list[KeyValue]) -> dict[str, str | int]:
    return {
        pair.key: pair.value.string_value if pair.value.HasField("string_value") else pair.value.int_value
        for pair in pairs
    }
