from __future__ import annotations

import time

import pytest

from tidegate.errors import TidegateError
from tidegate.errors.git import (
    CommitMissing,
    GitFailed,
    GitSlow,
    GitUnauthorized,
    LeaseLost,
    PushRefused,
    RemoteMoved,
    RemoteUnreachable,
    RemoteUntrusted,
    RepositoryMissing,
)
from tidegate.git import Git, Remote
from tidegate.git.failures import failure, first_line
from tidegate.git.push import Outcome, parse_porcelain, rejection
from tidegate.git.remote import without_userinfo

REMOTE = Remote.parse("https://gitlab.example.com/a/b.git")


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (
            "fatal: '/x' does not appear to be a git repository\nfatal: Could not read from remote repo",
            RepositoryMissing,
        ),
        ("fatal: repository 'https://h/a.git/' not found", RepositoryMissing),
        (
            "remote: The project you were looking for could not be found\nfatal: repository 'x' not found",
            RepositoryMissing,
        ),
        ("fatal: Authentication failed for 'https://h/a.git/'", GitUnauthorized),
        ("fatal: could not read Username for 'https://h': terminal prompts disabled", GitUnauthorized),
        ("remote: HTTP Basic: Access denied\nfatal: Authentication failed for 'x'", GitUnauthorized),
        ("git@h: Permission denied (publickey).\nfatal: Could not read from remote repository.", GitUnauthorized),
        ("fatal: unable to access 'https://h/': The requested URL returned error: 403", GitUnauthorized),
        ("fatal: unable to access 'https://h/': Could not resolve host: h", RemoteUnreachable),
        (
            "fatal: unable to access 'https://h/': Failed to connect to h port 443: Connection refused",
            RemoteUnreachable,
        ),
        ("fatal: unable to access 'https://h/': The requested URL returned error: 503", RemoteUnreachable),
        ("fatal: unable to access 'https://h/': The requested URL returned error: 302", RemoteMoved),
        ("ssh: connect to host h port 22: No route to host\nfatal: Could not read from remote", RemoteUnreachable),
        ("fatal: the remote end hung up unexpectedly\nfatal: early EOF", RemoteUnreachable),
        ("fatal: unable to access 'x': server certificate verification failed. CAfile: none", RemoteUntrusted),
        ("fatal: unable to access 'x': SSL certificate problem: self signed certificate", RemoteUntrusted),
        ("Host key verification failed.\nfatal: Could not read from remote repository.", RemoteUntrusted),
        ("fatal: detected dubious ownership in repository at '/x'", GitFailed),
        ("fatal: Not a valid commit name 0000", CommitMissing),
        ("fatal: bad object 0000", CommitMissing),
        ("error: file write error: No space left on device", GitFailed),
        ("fatal: something new", GitFailed),
        ("", GitFailed),
    ],
)
def test_what_git_says_has_a_class(said: str, error: type[TidegateError]) -> None:
    found = failure("fetch", said, REMOTE)
    assert type(found) is error
    assert found.where == REMOTE.url


@pytest.mark.parametrize(
    "said",
    [
        "fatal: write error: No space left on device\nfatal: fetch-pack: invalid index-pack output\n",
        "fatal: sha1 file '/c/a.git/objects/pack/tmp_pack_96B018' write error. Out of diskspace\n",
    ],
)
def test_a_full_disk_is_said_to_be_full(said: str) -> None:
    assert failure("fetch", said, None).hint == "make room, then try again"


def test_only_what_may_pass_is_retried() -> None:
    assert RemoteUnreachable.retryable
    assert LeaseLost.retryable
    assert GitSlow.retryable
    assert not any(error.retryable for error in (GitUnauthorized, RepositoryMissing, PushRefused, RemoteUntrusted))


def test_what_is_shown_has_no_secret_and_no_control_character() -> None:
    said = "warning: x\nfatal: unable to access 'https://u:hunter2@h/': \x1b[31mred\n"
    assert first_line(said) == "fatal: unable to access 'https://h/':  [31mred"
    assert "hunter2" not in str(failure("push", said, None))


def porcelain(summary: str, *, flag: str = "!") -> bytes:
    return f"To https://h/x\n{flag}\t1234:refs/heads/main\t{summary}\nDone\n".encode()


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_flag_of_a_push_is_read(outcome: Outcome) -> None:
    (answer,) = parse_porcelain(porcelain("[x] (y)", flag=outcome.value))
    assert (answer.outcome, answer.ref, answer.summary) == (outcome, "refs/heads/main", "[x] (y)")


@pytest.mark.parametrize(
    ("summary", "said", "error"),
    [
        ("[rejected] (stale info)", "", LeaseLost),
        ("[rejected] (fetch first)", "", LeaseLost),
        ("[rejected] (already exists)", "", LeaseLost),
        ("[remote rejected] (failed to update ref)", "", LeaseLost),
        ("[remote rejected] (cannot lock ref 'refs/heads/main': is at 1 but expected 2)", "", LeaseLost),
        ("[remote rejected] (reference already exists)", "", LeaseLost),
        (
            "[remote rejected] (failed to update ref)",
            "remote: error: cannot lock ref 'refs/heads/a/b': 'refs/heads/a' exists; cannot create 'refs/heads/a/b'",
            PushRefused,
        ),
        ("[remote rejected] (pre-receive hook declined)", "remote: only on Mondays        ", PushRefused),
        ("[remote rejected] (protected branch hook declined)", "", PushRefused),
        ("[remote rejected] (deny updating a hidden ref)", "", PushRefused),
        ("[remote failure] (remote failed to report status)", "", GitFailed),
    ],
)
def test_a_rejection_has_a_class(summary: str, said: str, error: type[TidegateError]) -> None:
    assert type(rejection(parse_porcelain(porcelain(summary)), said, REMOTE)) is error


def test_the_cause_of_an_atomic_rejection_is_told_not_what_followed() -> None:
    out = (
        b"!\t1:refs/heads/a\t[remote rejected] (atomic push failure)\n"
        b"!\t1:refs/heads/b\t[remote rejected] (pre-receive hook declined)\n"
    )
    found = rejection(parse_porcelain(out), "remote: only on Mondays\n", REMOTE)
    assert isinstance(found, PushRefused)
    assert "move b: remote: only on Mondays" in found.what


def test_each_command_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG", "tidegate.git"):
        Git.find()
    (line,) = caplog.messages
    assert line.startswith("git version: exit status 0, ")


def test_what_a_server_says_at_length_is_read_in_a_time_that_its_length_allows() -> None:
    start = time.thread_time()
    without_userinfo("remote: " + "a" * 60_000 + " https://me:s3cret@h/x")
    assert time.thread_time() - start < 1
