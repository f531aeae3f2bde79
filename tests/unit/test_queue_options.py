"""`--queue`: what it takes, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.cli import tidegate
from support.postgres_server import PostgresServer
from support.road_texts import Settings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tidegate.yaml").write_text(Settings().text)
    return tmp_path


@pytest.mark.parametrize("command", ["serve", "worker"])
@pytest.mark.parametrize(
    "url", ["postgresql://u:hunter22@db/x", "host=db password=hunter22", "postgresql://db/x?password=hunter22"]
)
def test_a_password_in_the_arguments_is_refused_and_not_repeated(folder: Path, command: str, url: str) -> None:
    ended = tidegate("-C", folder, command, "--queue", url)
    assert (ended.code, "queue/password-in-arguments" in ended.err) == (2, True)
    assert "TIDEGATE_QUEUE" in ended.err
    assert "hunter22" not in ended.err


def test_what_is_no_address_is_refused(folder: Path) -> None:
    ended = tidegate("-C", folder, "worker", "--queue", "redis:nonsense")
    assert (ended.code, "queue/url" in ended.err) == (2, True)


def test_a_worker_without_a_queue_has_nothing_to_do(folder: Path) -> None:
    ended = tidegate("-C", folder, "worker")
    assert (ended.code, "queue/missing" in ended.err) == (2, True)


def test_a_database_that_does_not_answer_is_said_in_a_line(folder: Path) -> None:
    environ = {"TIDEGATE_QUEUE": "postgresql://u:hunter22@127.0.0.1:1/x"}
    ended = tidegate("-C", folder, "worker", environ={**environ, "HOME": str(folder)})
    assert (ended.code, "queue/unreachable" in ended.err) == (1, True)
    assert "hunter22" not in ended.err


def test_a_schema_of_somebody_else_is_left_alone(folder: Path, postgres: PostgresServer) -> None:
    with postgres.database() as url:
        postgres.ask(url, "CREATE SCHEMA tidegate_queue; CREATE TABLE tidegate_queue.theirs (x int)")
        ended = tidegate("-C", folder, "worker", "--queue", url, environ={"HOME": str(folder)})
        assert (ended.code, "queue/not-ours" in ended.err) == (2, True)
        assert postgres.ask(url, "SELECT count(*) FROM tidegate_queue.theirs") == "0"
        postgres.ask(url, "COMMENT ON SCHEMA tidegate_queue IS 'Tidegate''s queue, procrastinate 99.0'")
        ended = tidegate("-C", folder, "worker", "--queue", url, environ={"HOME": str(folder)})
        assert (ended.code, "newer version" in ended.err) == (2, True)
