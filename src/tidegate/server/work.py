"""Work: handling keys as the queue wants it, with figures, log lines and pauses after errors."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from threading import Event
from typing import Final, Protocol

from tidegate.errors import TidegateError
from tidegate.model.key import EverythingKey, Key, MergeRequestKey, ServiceKey
from tidegate.ports.telemetry import Ending, Kind, Operation, Telemetry
from tidegate.server.backoff import pause
from tidegate.server.metrics import Metrics
from tidegate.server.reconciler import Outcome
from tidegate.server.step_log import HandedBack

_LOG: Final = logging.getLogger(__name__)
_BUG: Final = "tidegate/bug"
_HANDED_BACK: Final = "handed back"


class Handler(Protocol):
    """Does the work on a key."""

    def handle(self, key: Key) -> Outcome:
        """Handle `key`; return what became of it.

        Raises:
            TidegateError: it could not be done. Where the class says so, the same may succeed later.
            HandedBack: the process is to end, or has lost the key.
        """
        ...


class Work:
    """Fulfils `Handle`.

    Args:
        handler: does the work.
        metrics: counts it.
        jitter: random numbers in [0, 1).
        traces: hears of each key, and of what belongs to it; or None.
    """

    def __init__(
        self,
        handler: Handler,
        metrics: Metrics,
        jitter: Callable[[], float] = random.random,
        traces: Telemetry | None = None,
    ) -> None:
        self._handler = handler
        self._metrics = metrics
        self._jitter = jitter
        self._traces = traces
        self.resynced = Event()
        """Set when everything has been looked at once."""

    def __call__(self, key: Key, attempt: int) -> float | None:
        """Handle `key`; return after how many seconds it is to be tried again, or None."""
        if self._traces is None:
            return self._handle(key, attempt)[0]
        end = self._traces.begin(Operation(Kind.KEY, kind_of(key), details={"tidegate.key": str(key)}))
        ending = Ending("interrupted", failed=True)
        try:
            later, ending = self._handle(key, attempt)
        finally:
            end(ending)
        return later

    def _handle(self, key: Key, attempt: int) -> tuple[float | None, Ending]:
        began = time.monotonic()
        outcome, code, again = self._attempt(key)
        seconds = time.monotonic() - began
        self._metrics.handled.labels(kind_of(key), outcome).inc()
        self._metrics.seconds.labels(kind_of(key)).observe(seconds)
        later = pause(attempt, self._jitter()) if again else 0.0 if outcome == _HANDED_BACK else None
        fields: dict[str, object] = {
            "event": "handled",
            "key": str(key),
            "outcome": outcome,
            "seconds": round(seconds, 3),
        }
        if code is not None:
            self._metrics.errors.labels(code).inc()
            fields |= {"code": code, "again_in": later and round(later, 1)}
        _LOG.info("%s: %s", key, outcome, extra={"fields": fields})
        return later, Ending(code or outcome, failed=code is not None)

    def _attempt(self, key: Key) -> tuple[str, str | None, bool]:
        """Return the outcome's word, the error's code, and whether to try again."""
        try:
            outcome = self._handler.handle(key)
        except HandedBack:
            return _HANDED_BACK, None, False
        except TidegateError as error:
            _LOG.warning("%s", error, extra={"fields": {"key": str(key), "code": error.code, "hint": error.hint}})
            return "failed", error.code, error.retryable
        except Exception:  # noqa: BLE001 # the boundary: a bug in one key must not end the work on all others
            _LOG.exception("a bug in Tidegate", extra={"fields": {"key": str(key), "code": _BUG}})
            return "failed", _BUG, True
        if key == EverythingKey():
            self._metrics.resynced.set_to_current_time()
            self.resynced.set()
        return outcome.value, None, False


def kind_of(key: Key) -> str:
    """Return the kind of a key, for figures."""
    match key:
        case MergeRequestKey():
            return "merge-request"
        case ServiceKey():
            return "service"
        case EverythingKey():
            return "everything"
