"""`tidegate serve`."""

from __future__ import annotations

import contextlib
import sys
from typing import Final

import click

from tidegate.cli.addresses import address
from tidegate.cli.invocation import Invocation, pass_invocation
from tidegate.cli.lasting import lasting
from tidegate.cli.lazy import Command
from tidegate.cli.lengths import length
from tidegate.cli.options import as_option
from tidegate.cli.shared_queue import open_queue, queue_option

_TURN_SECONDS: Final = 0.0005
"""How long a thread that looks at keys keeps the interpreter while the one that answers requests waits for it."""
_PARTS: Final = ("authlib", "cryptography", "fastapi", "httptools", "jinja2", "joserfc", "prometheus_client", "uvicorn")


@click.command(
    "serve",
    cls=Command,
    examples=[
        "tidegate serve",
        "tidegate serve --listen 0.0.0.0:8080 --workers 8 --resync 15m",
        "tidegate serve --resync 30s --as release-bot",
    ],
)
@click.option(
    "--listen", metavar="HOST:PORT", default="127.0.0.1:8080", show_default=True, help="Where to answer requests."
)
@click.option("--workers", type=click.IntRange(1, 64), help="How much is looked at at once. Default: server.workers.")
@click.option("--resync", metavar="TIME", help="Look at everything at least so often. Default: server.resync.")
@click.option(
    "--deadline", metavar="TIME", default="20s", show_default=True, help="When stopped, how long a step may still take."
)
@queue_option
@as_option
@pass_invocation
def serve(
    invocation: Invocation,
    *,
    listen: str,
    workers: int | None,
    resync: str | None,
    deadline: str,
    queue: str | None,
    user: str,
) -> None:
    """Deliver what is approved as soon as it may go, hear webhooks, and show the board.

    It keeps nothing that matters: all it does follows from the repositories, the forge and the registries, and is
    right again one resync after a start. SIGTERM and SIGINT end it in order, with exit code 0. Without an identity
    provider, and reached from this machine alone, it prints links that sign USER in, each good once. Whom
    `server.notify` names is told what is new.
    """
    _require_extra()
    sys.setswitchinterval(_TURN_SECONDS)
    from tidegate.bootstrap import message_targets
    from tidegate.server.access.gate import access_of
    from tidegate.server.access.provider import open_provider
    from tidegate.server.call_metrics import CallMetrics
    from tidegate.server.notices.notifier import Notifying
    from tidegate.server.process import Serving
    from tidegate.server.process import serve as serve_until_stopped

    configuration, environ, clock = invocation.configuration, invocation.environ, invocation.clock
    settings = configuration.server
    host, port = address(listen, "--listen")
    serving = Serving(
        host=host,
        port=port,
        workers=workers or settings.workers,
        resync=length(resync) if resync else settings.resync,
        deadline=length(deadline).total_seconds(),
    )
    targets = tuple(zip(settings.notify, message_targets(settings.notify, environ), strict=True))

    def show(link: str) -> None:
        with contextlib.suppress(OSError):  # whoever read the first link may have closed the pipe
            invocation.output.line(link)
            sys.stdout.flush()

    calls = CallMetrics()
    with open_provider(settings.access, environ, clock) as provider, lasting(invocation, user, calls) as process:
        access = access_of(configuration, environ, clock, host=host, user=user, show=show, provider=provider)
        with open_queue(queue, serving.workers, len(targets)) as (keys, others, claims):
            ended = serve_until_stopped(
                serving,
                configuration,
                process.new_world,
                keys,
                access,
                environ=environ,
                clock=clock,
                others=others,
                calls=calls,
                traces=process.traces,
                notifying=Notifying(targets, process.clean, claims, settings.access.url),
            )
        if not ended:
            process.abandon()


def _require_extra() -> None:
    """Raise `ServerExtraMissing` where what the server is made of is not installed."""
    from importlib.util import find_spec

    from tidegate.errors.server import ServerExtraMissing

    missing = [name for name in _PARTS if find_spec(name) is None]
    if missing:
        raise ServerExtraMissing(
            f"the server needs what is not installed: {', '.join(missing)}", hint="pip install 'tidegate[server]'"
        )
