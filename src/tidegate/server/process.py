"""The process: parts put together, keys handled, HTTP served, and all of it stopped in order."""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import logging
import random
import signal
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from threading import Event, Thread
from typing import Final

import uvicorn

from tidegate.config import Configuration
from tidegate.engine.world import World
from tidegate.errors.server import WebhookSecretMissing
from tidegate.model.key import EverythingKey
from tidegate.ports import Clock
from tidegate.ports.queue import KeyQueue
from tidegate.ports.telemetry import Telemetry
from tidegate.server.access.doorkeeper import SIGN_IN
from tidegate.server.access.gate import Access
from tidegate.server.app import make_app
from tidegate.server.board_store import BoardStore
from tidegate.server.call_metrics import CallMetrics
from tidegate.server.connections import Server, protocol_for_all_files
from tidegate.server.flux_watch import FluxWatch
from tidegate.server.listening import listen_refused
from tidegate.server.lookout import Lookout
from tidegate.server.metrics import Metrics
from tidegate.server.notices.notifier import Notifier, Notifying
from tidegate.server.others import Others
from tidegate.server.parts import Parts
from tidegate.server.reconciler import Reconciler
from tidegate.server.webhooks.proof import GitLabProof, RegistryProof, signing_key
from tidegate.server.work import Work

_LOG: Final = logging.getLogger(__name__)
_SPREAD: Final = 0.1
_REQUESTS_SECONDS: Final = 3
"""How long requests that are being answered may take when the process is to end."""


@dataclass(frozen=True, slots=True)
class Serving:
    """How to serve.

    Args:
        host: the address to listen on.
        port: the port; 0 for any that is free.
        workers: how many keys are handled at once.
        resync: how long it is at most until everything is looked at again.
        deadline: seconds within which the process ends when it is asked to.
    """

    host: str
    port: int
    workers: int
    resync: timedelta
    deadline: float


def serve(
    serving: Serving,
    configuration: Configuration,
    new_world: Callable[[], World],
    queue: KeyQueue,
    access: Access,
    *,
    environ: Mapping[str, str],
    clock: Clock,
    others: Others | None = None,
    calls: CallMetrics | None = None,
    traces: Telemetry | None = None,
    notifying: Notifying | None = None,
) -> bool:
    """Serve until SIGTERM or SIGINT.

    Args:
        serving: how.
        configuration: what tidegate.yaml says.
        new_world: makes a world that sees everything anew; called by many threads.
        queue: not started yet.
        access: who makes a request, and what they may do.
        environ: environment variables, for webhooks' secrets.
        clock: what time it is.
        others: the other processes that share the queue, if any.
        calls: counts what worlds ask of others, to be shown with the other figures.
        traces: hears of keys and of requests, or None.
        notifying: who is told what is new, or None.

    Returns:
        Whether nothing is in hand any more; else a step has taken longer than the deadline.

    Raises:
        ListenRefused: the system does not let it listen there.
        WebhookSecretMissing: a variable that the configuration names holds no secret.
    """
    board, stopping = BoardStore(), Event()
    metrics = Metrics(queue, board, calls.registry if calls else None)
    reconciler = Reconciler(new_world, queue, board, stopping, others, count=metrics.delivered)
    work = Work(reconciler, metrics, traces=traces)
    lookout = Lookout(reconciler, metrics, traces) if others else None
    notifier = Notifier(notifying or Notifying(), configuration.pipeline, metrics.noticed)
    parts = Parts(
        configuration=configuration,
        new_world=new_world,
        pipeline=lambda: reconciler.pipeline or configuration.pipeline,
        queue=queue,
        board=board,
        metrics=metrics,
        gitlab=_gitlab_proof(configuration, environ),
        registry=RegistryProof(_secret(configuration.server.webhooks.registry_token, environ)),
        access=access,
        clock=clock,
        resynced=(lookout or work).resynced,
        stopping=stopping,
        traces=traces,
    )
    with _listening(serving.host, serving.port) as listening, board.subscribed(notifier.heard):
        notifier.start()
        if others is not None and lookout is not None:
            others.subscribe(lookout.heard)
            lookout.start()
        queue.start(work, workers=serving.workers)
        looks = lookout.queue if lookout else queue
        if any(each.cluster for each in configuration.pipeline.environments):
            FluxWatch(reconciler, board, looks).start(stopping)
        clockwork = Thread(target=_resync, args=(looks, serving.resync, stopping), name="resync", daemon=True)
        clockwork.start()
        Thread(target=_spare_what_lasts, args=(parts.resynced,), name="garbage", daemon=True).start()
        try:
            with asyncio.Runner(loop_factory=_new_loop) as runner:
                asked = runner.run(_answer_requests(parts, listening))
            ended = queue.stop(max(0.0, asked + serving.deadline - time.monotonic()))
            notifier.stop(max(0.0, asked + serving.deadline - time.monotonic()))
        finally:
            stopping.set()
            looks.stop(0)
            queue.stop(0)
            notifier.stop(0)
    _LOG.info("stopped" if ended else "stopped, and left a step to the next run", extra={"fields": {"event": "stop"}})
    return ended


async def _answer_requests(parts: Parts, listening: socket.socket) -> float:
    """Answer requests until the process is asked to end; return when it was asked, as `time.monotonic`."""
    asked = 0.0
    server = Server(
        uvicorn.Config(
            make_app(parts),
            http=protocol_for_all_files(),
            ws="none",
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=_REQUESTS_SECONDS,
        )
    )

    def stop() -> None:
        nonlocal asked
        asked = asked or time.monotonic()
        parts.stopping.set()
        server.should_exit = True
        loop.run_in_executor(None, parts.queue.stop, 0)

    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stop)
    host, port = listening.getsockname()[:2]
    _LOG.info(
        "listening on http://%s:%s", host, port, extra={"fields": {"event": "listen", "host": host, "port": port}}
    )
    if parts.access.links is not None:
        parts.access.links.offer(f"http://{f'[{host}]' if ':' in host else host}:{port}{SIGN_IN}?link=")
    await server.serve(sockets=[listening])
    return asked or time.monotonic()


def _new_loop() -> asyncio.AbstractEventLoop:
    """Return uvloop's where it is there: it answers by one system call, after each of which threads take turns."""
    if importlib.util.find_spec("uvloop") is None:
        return asyncio.new_event_loop()
    import uvloop  # noqa: PLC0415 - not everywhere

    return uvloop.new_event_loop()


def _resync(queue: KeyQueue, every: timedelta, stopping: Event) -> None:
    """Have everything looked at now and again; replicas that were started at once drift apart."""
    while not stopping.is_set():
        queue.add([EverythingKey()])
        stopping.wait(every.total_seconds() * (1 - _SPREAD * random.random()))  # noqa: S311 - no secret


def _spare_what_lasts(resynced: Event) -> None:
    """Spare the program and the board the search for garbage: it would stop all threads for a tenth of a second."""
    gc.freeze()
    resynced.wait()
    gc.collect()
    gc.freeze()


def _listening(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family)
    except OSError as error:
        raise listen_refused(error, host, port, "--listen") from error


def _gitlab_proof(configuration: Configuration, environ: Mapping[str, str]) -> GitLabProof:
    names = configuration.server.webhooks
    signing = _secret(names.gitlab_signing, environ)
    key = signing_key(signing, names.gitlab_signing) if signing and names.gitlab_signing else None
    return GitLabProof(_secret(names.gitlab_token, environ), key)


def _secret(variable: str | None, environ: Mapping[str, str]) -> str | None:
    if variable is None:
        return None
    if not environ.get(variable):
        raise WebhookSecretMissing(
            "the variable is not set", where=variable, hint="set it, or delete its name below server.webhooks"
        )
    return environ[variable]
