"""What `tidegate serve` and `tidegate worker` have in common: a process that lasts."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NoReturn

from tidegate.cli.invocation import Invocation

if TYPE_CHECKING:
    from tidegate.engine.world import World
    from tidegate.server.call_metrics import CallMetrics
    from tidegate.server.traces import Traces

_GARBAGE: Final = (700, 10, 10)
"""CPython's own thresholds: what spares a short run looks for garbage would let one that lasts grow."""


@dataclass(frozen=True, slots=True)
class Lasting:
    """What such a process has.

    Args:
        new_world: makes a world that sees everything anew.
        clean: takes secrets out of a text.
        traces: hears of what is done, or None.
    """

    new_world: Callable[[], World]
    clean: Callable[[str], str]
    traces: Traces | None

    def abandon(self) -> NoReturn:
        """End now, as if killed: a step that is still running must not see its connections close under it."""
        if self.traces is not None:
            self.traces.close()
        sys.stderr.flush()
        os._exit(0)


@contextmanager
def lasting(invocation: Invocation, user: str, calls: CallMetrics | None) -> Iterator[Lasting]:
    """Log from now on, and give what the process has.

    Args:
        invocation: how the command was called.
        user: in whose name it acts.
        calls: counts what worlds ask of others, or None.

    Raises:
        TidegateError: as `open_traces` and `open_worlds` raise.
    """
    gc.set_threshold(*_GARBAGE)
    from tidegate.bootstrap import open_worlds
    from tidegate.cli.debug import Scrubber
    from tidegate.server.logs import start_logging
    from tidegate.server.traces import heard_by, open_traces

    configuration, environ, clock = invocation.configuration, invocation.environ, invocation.clock
    clean = Scrubber.of(environ).clean
    start_logging(sys.stderr, clean)
    with (
        open_traces(environ) as traces,
        open_worlds(
            configuration, environ, clock, user, partial=True, telemetry=heard_by(calls, traces), lasts=True
        ) as new_world,
    ):
        if traces is not None:
            start_logging(sys.stderr, clean, traces.current)
        yield Lasting(new_world, clean, traces)
