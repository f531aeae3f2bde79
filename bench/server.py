"""`serve` with 1,000 services × 4 environments: webhooks, the board's JSON, clients that follow it, memory."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench._http_load import Followers, ask, request
from bench._many_services import DEV, HOOK, commit, make_world, names, push_event
from tests.support.postgres_server import PostgresServer

SERVICES = 1000
HOOKS = 1050
HOOK_SECONDS = 10
KEYS = 50
READS = 100
READ_SECONDS = 10
FOLLOWERS = 200


class _Server:
    def __init__(self, world: Path, *options: str) -> None:
        home = world / "home"
        home.mkdir(exist_ok=True)
        environ = {
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "HOOK_TOKEN": HOOK["X-Gitlab-Token"],
        }
        command = [sys.executable, "-m", "tidegate", "-C", str(world), "serve", "--listen", "127.0.0.1:0"]
        self.process = subprocess.Popen(
            [*command, "--resync", "1h", *options],
            env=environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.handled: dict[str, float] = {}
        self.port = 0
        self._listens = threading.Event()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        assert self._listens.wait(60)

    def _read(self) -> None:
        assert self.process.stderr is not None
        for text in self.process.stderr:
            line = json.loads(text)
            if line.get("event") == "listen":
                self.port = line["port"]
                self._listens.set()
            elif line.get("event") == "handled":
                self.handled[line["key"]] = time.perf_counter()
        self.process.stderr.close()

    def read(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
            text: str = answer.read().decode()
            return text

    def figure(self, name: str) -> float:
        found = re.search(rf"^{re.escape(name)} (\S+)$", self.read("/metrics"), re.MULTILINE)
        return float(found[1]) if found else 0.0

    def settle(self) -> None:
        while any(self.figure(f'tidegate_queue_keys{{state="{state}"}}') for state in ("waiting", "handling", "later")):
            time.sleep(0.1)

    def megabytes(self, field: str) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition(f"{field}:")[2].split()[0]) / 1024

    def cpu_seconds(self) -> float:
        """The process's own, without those of git that it has called."""
        user, system = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(60)
        self._reader.join()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, PostgresServer() as postgres, postgres.database() as url:
        world = Path(folder)
        make_world(world, SERVICES)
        with _served(world) as server:
            _webhooks(server, "a queue in memory")
            asyncio.run(_board(server, world))
            resident, peak = server.megabytes("VmRSS"), server.megabytes("VmHWM")
            print(f"memory                                     {resident:.0f} MB, at most {peak:.0f} MB; at most 300")
        with _served(world, "--queue", url) as server:
            _webhooks(server, "a queue in PostgreSQL")


@contextmanager
def _served(world: Path, *options: str) -> Iterator[_Server]:
    began = time.perf_counter()
    server = _Server(world, *options)
    try:
        while not server.figure("tidegate_resync_timestamp_seconds"):
            time.sleep(0.1)
        took = time.perf_counter() - began
        print(f"{SERVICES} services × 4 environments are shown   {took:.1f} s after the start")
        server.settle()
        yield server
    finally:
        server.stop()


def _webhooks(server: _Server, where: str) -> None:
    """Webhooks of a few services, sent again and again, while their keys are handled."""
    counter = 'tidegate_webhooks_total{source="gitlab",status="202"}'
    before, used = server.figure(counter), server.cpu_seconds()
    bodies = [json.dumps(push_event("production", name)).encode() for name in names(KEYS)]
    requests = [request("POST", "/webhooks/gitlab", HOOK, body) for body in bodies]
    load = ask(server.port, lambda n: requests[n % KEYS], rate=HOOKS, seconds=HOOK_SECONDS, clients=50)
    measured = asyncio.run(load)
    ended, used = time.perf_counter(), server.cpu_seconds() - used
    counted = server.figure(counter) - before
    server.settle()
    settled = time.perf_counter() - ended
    unseen = [name for name in names(KEYS) if server.handled.get(f"service production {name}", 0) < ended - 1]
    total = HOOKS * HOOK_SECONDS
    p50, p99 = (measured.percentile(share) * 1000 for share in (0.5, 0.99))
    print(
        f"webhooks accepted, {where:<22}  {measured.rate:.0f}/s of {HOOKS}/s; at least 1000/s\n"
        f"  answered with 202                        {measured.answers[202]} of {total}, "
        f"{counted:.0f} counted by the server; all\n"
        f"  keys that were not looked at after it    {len(unseen)} of {KEYS}, settled after {settled:.1f} s; 0\n"
        f"  the server's own CPU                     {used / measured.took * 100:.0f} % of one\n"
        f"  answer p50, p99                          {p50:.1f} ms, {p99:.1f} ms; at most 50 ms"
    )


async def _board(server: _Server, world: Path) -> None:
    """The whole board, read again and again, while it changes and many follow it."""
    read = request("GET", "/api/v1/board", {})
    async with Followers(server.port, "/api/v1/events", FOLLOWERS) as followers:
        seen = sum(followers.events)
        changes = asyncio.create_task(_change(server.port, world))
        measured = await ask(server.port, lambda _: read, rate=READS, seconds=READ_SECONDS, clients=20)
        await changes
        await asyncio.sleep(2)
        events = sum(followers.events) - seen
    print(
        f"board as JSON                              {measured.largest / 1e6:.1f} MB, {measured.rate:.0f}/s of "
        f"{READS}/s, {measured.answers[200]} with 200\n"
        f"  answer p50, p99                          {measured.percentile(0.5) * 1000:.1f} ms, "
        f"{measured.percentile(0.99) * 1000:.1f} ms; at most 100 ms\n"
        f"  events heard by {FOLLOWERS} that follow it       {events}, least by one {min(followers.events) - 1}"
    )


async def _change(port: int, world: Path) -> None:
    """Each second a service gets another release in dev, and a webhook tells it."""
    for number in range(READ_SECONDS):
        name = names(SERVICES)[-1 - number]
        await asyncio.to_thread(commit, world, DEV, [("dev", name, 3)])
        event = request("POST", "/webhooks/gitlab", HOOK, json.dumps(push_event("dev", name)).encode())
        answered = await ask(port, lambda _, event=event: event, rate=1, seconds=1, clients=1)
        assert answered.answers == {202: 1}
