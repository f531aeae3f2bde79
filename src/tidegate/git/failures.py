"""What git says when it fails, as error classes. git tells failures apart only by text: this is the one table."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from tidegate.errors import TidegateError
from tidegate.errors.git import (
    CacheBroken,
    CommitMissing,
    GitFailed,
    GitUnauthorized,
    RemoteMoved,
    RemoteUnreachable,
    RemoteUntrusted,
    RepositoryMissing,
)
from tidegate.git.remote import Remote, without_userinfo

_LONGEST_LINE: Final = 300


@dataclass(frozen=True, slots=True)
class _Row:
    pattern: str
    error: type[TidegateError]
    what: str | None
    hint: str | None


_TABLE: Final = (
    _Row(
        r"is corrupt\b|object file .* is empty|did not send all necessary objects|inflate: data stream error"
        r"|unable to read (?:tree|sha1 file)|packfile .* (?:can(?:not|'t) be|does not match|is far too short)",
        CacheBroken,
        "a cached mirror of a repository can't be read",
        "try again; when it stays so, delete Tidegate's cache folder",
    ),
    _Row(
        r"host key verification failed|certificate (?:problem|verification)|SSL certificate|server verification failed",
        RemoteUntrusted,
        "the remote can't be verified",
        "add its host key to known_hosts, or its certificate authority to http.sslCAInfo in your git configuration",
    ),
    _Row(
        r"dubious ownership",
        GitFailed,
        "git does not trust this repository, because it belongs to another user",
        "if you trust it: git config --global --add safe.directory FOLDER",
    ),
    _Row(
        r"authentication failed|could not read (?:username|password)|terminal prompts disabled|permission denied \("
        r"|access denied|returned error: 40[13]\b|invalid credentials|not authorized",
        GitUnauthorized,
        "the remote wants credentials, or other ones",
        "give a token in the environment, or set up a credential helper or an SSH key for this host",
    ),
    _Row(
        r"repository .* (?:not found|does not exist)|does not appear to be a git repository|repository not found"
        r"|project you were looking for could not be found"
        r"|no such file or directory\s+fatal: could not read from remote"
        r"|returned error: 404\b",
        RepositoryMissing,
        "there is no repository at this address",
        "check the address, and that the credentials may see it",
    ),
    _Row(
        r"returned error: 30[1278]\b",
        RemoteMoved,
        "the remote sends us to another address, and a token is sent to none that is not named",
        "name the address that it leads to: open this one in a browser",
    ),
    _Row(
        r"could not resolve|connection (?:refused|timed out|reset|closed)|failed to connect|couldn't connect"
        r"|network is unreachable|no route to host|operation timed out|operation too slow|early eof"
        r"|hung up unexpectedly|rpc failed|returned error: (?:5\d\d|429)|kex_exchange_identification"
        r"|unable to access|empty reply from server|recv failure|could not read from remote repository",
        RemoteUnreachable,
        "the remote did not answer, or the connection broke",
        "check the network and the address, then try again",
    ),
    _Row(
        r"not a valid (?:object|commit)|bad (?:object|revision)|unknown revision|invalid object"
        r"|not our ref|unadvertised object|could not read tagged object",
        CommitMissing,
        None,
        "read the repository again; the commit may have been removed by a forced push",
    ),
    _Row(
        r"mismatched algorithms",
        GitFailed,
        "the repository names objects by SHA-256",
        "Tidegate reads SHA-1 repositories, as GitLab and GitHub make them by default",
    ),
    _Row(
        r"no space left on device|out of diskspace",
        GitFailed,
        "the disk is full",
        "make room, then try again",
    ),
)


def failure(verb: str, said: str, remote: Remote | None) -> TidegateError:
    """Return the error for what git said on standard error.

    Args:
        verb: the git command, e.g. `fetch`.
        said: its standard error, in English (`LC_ALL=C`).
        remote: what was talked to; None for a local command.
    """
    where = remote.url if remote else None
    for row in _TABLE:
        if found := re.search(row.pattern, said, re.IGNORECASE):
            start, end = said.rfind("\n", 0, found.start()) + 1, said.find("\n", found.start())
            detail = first_line(said[start : end if end >= 0 else None])
            what = f"{row.what} ({detail})" if row.what else detail
            return row.error(what, where=where, hint=row.hint)
    return GitFailed(f"git {verb} failed: {first_line(said)}", where=where)


def first_line(said: str) -> str:
    """Return the line of git's talk that says most, without passwords and control characters."""
    lines = [line.strip() for line in without_userinfo(said).splitlines()]
    telling = [line for line in lines if line.startswith(("fatal:", "error:", "ssh:", "remote:"))] or lines
    text = next((line for line in telling if line.partition(":")[2].strip()), telling[0] if telling else "")
    return "".join(char if char.isprintable() else " " for char in text)[:_LONGEST_LINE] or "it said nothing"
