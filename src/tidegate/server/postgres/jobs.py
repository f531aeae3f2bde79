"""Keys as jobs of procrastinate: one statement of SQL for each thing that is done with them.

A key is both `lock` and `queueing_lock` of its job. A job that is done with is deleted. All that makes a job wait again
holds one advisory lock: two that wait for one key would break a rule of the table, and adding many keys in different
orders would end in a deadlock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from procrastinate.sql import queries
from psycopg import errors
from psycopg.rows import class_row

from tidegate.ports.queue import QueueDepth
from tidegate.server.postgres.schema import Connection

_QUEUE: Final = "keys"
_TASK: Final = "tidegate"
_LOCK: Final = 0x6B65_7973
JOBS_CHANNEL: Final = f"procrastinate_queue_v1#{_QUEUE}"
"""Where procrastinate tells of each new job."""

_ADD: Final = """
WITH alone AS MATERIALIZED (SELECT pg_advisory_xact_lock(%(alone)s), set_config('synchronous_commit', 'off', true)),
     added AS (
INSERT INTO procrastinate_jobs (queue_name, task_name, lock, queueing_lock, args, scheduled_at)
SELECT %(queue)s, %(task)s, key, key, jsonb_build_object('key', key),
       CASE WHEN rest > 0 THEN now() + make_interval(secs => rest) END
  FROM alone, unnest(%(keys)s::text[], %(rests)s::float[]) WITH ORDINALITY AS named (key, rest, place)
 ORDER BY place
ON CONFLICT (queueing_lock) WHERE status = 'todo'
DO UPDATE SET scheduled_at = EXCLUDED.scheduled_at
 WHERE procrastinate_jobs.scheduled_at > coalesce(EXCLUDED.scheduled_at, '-infinity')
RETURNING scheduled_at)
SELECT pg_notify(%(channel)s, '{}') WHERE EXISTS (SELECT FROM added WHERE scheduled_at IS NULL)
"""
"""One statement, since each is a way to the database and back: who sent a webhook waits for it. Nor is the disk waited
for: when PostgreSQL itself crashes, all lose their connections, and look at everything."""
_FINISH: Final = """
SELECT procrastinate_finish_job_v1(id, 'succeeded', true)
  FROM (SELECT id FROM procrastinate_jobs
         WHERE id = %(id)s AND worker_id = %(worker)s AND status = 'doing' FOR UPDATE) AS mine
"""
_BEAT: Final = """
SELECT procrastinate_update_heartbeat_v1(id) IS NULL FROM procrastinate_workers WHERE id = %(worker)s
"""
_STALLED: Final = """
SELECT job.id
  FROM procrastinate_jobs AS job LEFT JOIN procrastinate_workers AS worker ON worker.id = job.worker_id
 WHERE job.status = 'doing'
   AND (worker.id IS NULL OR worker.last_heartbeat < now() - make_interval(secs => %(seconds)s))
"""
_IN_HAND: Final = "SELECT id FROM procrastinate_jobs WHERE status = 'doing' AND worker_id = %(worker)s"
_LOCKED: Final = """
SELECT queueing_lock AS key, attempts FROM procrastinate_jobs WHERE id = %(id)s AND status = 'doing' FOR UPDATE
"""
_HURRY: Final = """
UPDATE procrastinate_jobs SET attempts = %(attempts)s, scheduled_at = NULL
 WHERE queueing_lock = %(key)s AND status = 'todo' RETURNING id
"""
_DEPTH: Final = """
SELECT count(*) FILTER (WHERE status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= now())) AS waiting,
       count(*) FILTER (WHERE status = 'doing') AS handling,
       count(*) FILTER (WHERE status = 'todo' AND scheduled_at > now()) AS later
  FROM procrastinate_jobs WHERE status IN ('todo', 'doing')
"""


@dataclass(frozen=True, slots=True)
class Taken:
    """A job in hand.

    Args:
        id: the job's number.
        lock: the key, as text.
        attempts: how often in a row it was put back.
        worker: whose hand it is in.
    """

    id: int
    lock: str
    attempts: int
    worker: int


@dataclass(frozen=True, slots=True)
class _Locked:
    key: str
    attempts: int


def register(connection: Connection) -> int:
    """Return the number of a new worker, whose heart beats from now on."""
    (number,) = connection.execute(queries["register_worker"])
    return int(number[0])


def unregister(connection: Connection, worker: int) -> None:
    """Forget a worker; what it has in hand is taken over by any other."""
    connection.execute(queries["unregister_worker"], {"worker_id": worker})


def beat(connection: Connection, worker: int) -> bool:
    """Say that a worker is alive; return whether it is known still."""
    return connection.execute(_BEAT, {"worker": worker}).fetchone() is not None


def add(connection: Connection, keys: Mapping[str, float]) -> bool:
    """Have each key wait; one that waits after a pause waits no longer for that than it is to rest.

    Return whether it is the turn of one that did not wait already; then the others are told.

    Args:
        connection: to the queue's tables.
        keys: key → for how many seconds it is to rest first, 0 for most.
    """
    values: dict[str, object] = {
        "alone": _LOCK,
        "queue": _QUEUE,
        "task": _TASK,
        "keys": list(keys),
        "rests": list(keys.values()),
        "channel": JOBS_CHANNEL,
    }
    return connection.execute(_ADD, values).fetchone() is not None


def take(connection: Connection, worker: int) -> Taken | None:
    """Return a job whose turn it is, in hand of `worker` from now on; None when there is none."""
    cursor = connection.cursor(row_factory=class_row(_Found))
    try:
        found = cursor.execute(queries["fetch_job"], {"queues": [_QUEUE], "worker_id": worker}).fetchone()
    except errors.UniqueViolation:  # another process took the same key between looking and taking
        return None
    if found is None or found.id is None or found.lock is None:
        return None
    return Taken(found.id, found.lock, found.attempts or 0, worker)


def finish(connection: Connection, taken: Taken) -> None:
    """Forget a job, if its worker has it in hand still."""
    connection.execute(_FINISH, {"id": taken.id, "worker": taken.worker})


def put_back(connection: Connection, taken: Taken, seconds: float) -> None:
    """Have a job wait again after a pause, if its worker has it in hand still."""
    with connection.transaction():
        _alone(connection)
        if taken.id in _numbers(connection, _IN_HAND, {"worker": taken.worker}):
            _put_back(connection, taken.id, seconds)


def take_over(connection: Connection, seconds: float) -> int:
    """Have those jobs wait again whose worker's heart did not beat for so long; return how many they are."""
    with connection.transaction():
        _alone(connection)
        stalled = _numbers(connection, _STALLED, {"seconds": seconds})
        for job in stalled:
            _put_back(connection, job, 0.0)
        connection.execute(queries["prune_stalled_workers"], {"seconds_since_heartbeat": seconds})
    return len(stalled)


def hand_back(connection: Connection, worker: int, keep: frozenset[int] = frozenset()) -> int:
    """Have all jobs wait again that `worker` has in hand, save those to `keep`; return how many they are."""
    with connection.transaction():
        _alone(connection)
        jobs = [each for each in _numbers(connection, _IN_HAND, {"worker": worker}) if each not in keep]
        for job in jobs:
            _put_back(connection, job, 0.0)
    return len(jobs)


def depth(connection: Connection) -> QueueDepth:
    """Return how many keys there are."""
    found = connection.cursor(row_factory=class_row(QueueDepth)).execute(_DEPTH).fetchone()
    return found or QueueDepth(0, 0, 0)


@dataclass(frozen=True, slots=True)
class _Found:
    """A row of procrastinate's; nothing but NULL when there is no job."""

    id: int | None
    status: str | None
    task_name: str | None
    priority: int | None
    lock: str | None
    queueing_lock: str | None
    args: object
    scheduled_at: object
    queue_name: str | None
    attempts: int | None
    worker_id: int | None


def _put_back(connection: Connection, job: int, seconds: float) -> None:
    locked = connection.cursor(row_factory=class_row(_Locked)).execute(_LOCKED, {"id": job}).fetchone()
    if locked is None:
        return
    again = {"key": locked.key, "attempts": locked.attempts + 1}
    if connection.execute(_HURRY, again).fetchone() is not None:  # it was added meanwhile
        connection.execute("SELECT procrastinate_finish_job_v1(%s, 'succeeded', true)", (job,))
    else:
        connection.execute(
            "SELECT procrastinate_retry_job_v2(%s, now() + make_interval(secs => %s), NULL, NULL, NULL)",
            (job, seconds),
        )
    _tell(connection)


def _alone(connection: Connection) -> None:
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))


def _tell(connection: Connection) -> None:
    """Wake the others: procrastinate tells of what is inserted, not of what is changed."""
    connection.execute("SELECT pg_notify(%s, '{}')", (JOBS_CHANNEL,))


def _numbers(connection: Connection, query: str, values: dict[str, float]) -> list[int]:
    return [int(row[0]) for row in connection.execute(query.encode(), values)]
