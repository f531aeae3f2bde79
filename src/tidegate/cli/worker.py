"""`tidegate worker`."""

from __future__ import annotations

import click

from tidegate.cli.addresses import address
from tidegate.cli.invocation import Invocation, pass_invocation
from tidegate.cli.lasting import lasting
from tidegate.cli.lazy import Command
from tidegate.cli.lengths import length
from tidegate.cli.options import as_option
from tidegate.cli.shared_queue import open_queue, queue_option


@click.command(
    "worker",
    cls=Command,
    examples=["tidegate worker --queue postgresql://tidegate@db.example.com/tidegate", "tidegate worker --workers 8"],
)
@queue_option
@click.option("--workers", type=click.IntRange(1, 64), help="How much is looked at at once. Default: server.workers.")
@click.option(
    "--deadline", metavar="TIME", default="20s", show_default=True, help="When stopped, how long a step may still take."
)
@click.option("--metrics", metavar="HOST:PORT", help="Show figures for Prometheus there, to whoever asks.")
@as_option
@pass_invocation
def worker(
    invocation: Invocation, *, queue: str | None, workers: int | None, deadline: str, metrics: str | None, user: str
) -> None:
    """Share the work of `tidegate serve`, as one of any number of processes.

    It answers no requests, save Prometheus's where `--metrics` says so. When it is killed, the others take over what
    it had in hand within 30 seconds. SIGTERM and SIGINT end it in order, with exit code 0: the step in hand is
    finished, and the rest handed back.
    """
    from tidegate.errors.queue import QueueMissing
    from tidegate.server.call_metrics import CallMetrics
    from tidegate.server.worker import Working, work_until_stopped

    if queue is None:
        raise QueueMissing("nothing says which queue to work on", hint="name it: --queue URL, or TIDEGATE_QUEUE")
    shown_at = address(metrics, "--metrics") if metrics else None
    calls = CallMetrics() if shown_at else None
    working = Working(workers or invocation.configuration.server.workers, length(deadline).total_seconds(), shown_at)
    with lasting(invocation, user, calls) as process:
        with open_queue(queue, working.workers) as (keys, others, _):
            ended = work_until_stopped(working, process.new_world, keys, others, calls=calls, traces=process.traces)
        if not ended:
            process.abandon()
