"""Errors of traces."""

from __future__ import annotations

from tidegate.errors import UsageError


class TracesMisconfigured(UsageError):
    """A variable of OpenTelemetry's holds what can't be used."""

    code = "telemetry/misconfigured"
