"""The fake's repositories over smart HTTP, by `git http-backend` (CGI, RFC 3875). The password is a token."""

from __future__ import annotations

import base64
import subprocess
from typing import Final

from tidegate.testing.gitlab.fake import FakeGitLab
from tidegate.testing.gitlab.messages import Answer, Request
from tidegate.testing.gitlab.repository import GIT_SECONDS, plain_environ

_RECEIVE: Final = "/git-receive-pack"
_NOT_ALLOWED: Final = "GitLab: You are not allowed to push code to protected branches on this project."
_LENGTH: Final = 4
_MOST_TOLD: Final = 3
"""`push_event_hooks_limit` of the Settings API: of a push that moves more branches, no webhook is told."""


def serve_repository(gitlab: FakeGitLab, request: Request) -> Answer:
    """Return what git is answered. What goes to a protected branch is declined as GitLab's hook does."""
    kind, _, pair = request.headers.get("authorization", "").partition(" ")
    password = base64.b64decode(pair).decode().partition(":")[2] if kind == "Basic" else ""
    access = gitlab.tokens.get(password)
    if access is None or access.revoked:
        denied = {"WWW-Authenticate": 'Basic realm="GitLab"', "Content-Type": "text/plain"}
        return Answer(401, text="HTTP Basic: Access denied\n", headers=denied)
    if request.path.endswith(_RECEIVE):
        declined = _declined(gitlab, request, access.user.username)
        if declined is not None:
            return declined
        with gitlab.lock:
            gitlab.pushes += 1
        gitlab.pusher = access.user
        gitlab.around_push("received", request)
    environ = {
        **plain_environ(gitlab.root),
        "GIT_PROJECT_ROOT": str(gitlab.root),
        "GIT_HTTP_EXPORT_ALL": "1",
        "GIT_CONFIG_COUNT": "1",  # as Gitaly has it
        "GIT_CONFIG_KEY_0": "uploadpack.allowAnySHA1InWant",
        "GIT_CONFIG_VALUE_0": "true",
        "GIT_PROTOCOL": request.headers.get("git-protocol", ""),
        "REMOTE_USER": access.user.username,
        "REMOTE_ADDR": "127.0.0.1",
        "REQUEST_METHOD": request.method,
        "PATH_INFO": request.path,
        "QUERY_STRING": request.query,
        "CONTENT_TYPE": request.headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(request.body)),
        "HTTP_CONTENT_ENCODING": request.headers.get("content-encoding", ""),
    }
    done = subprocess.run(
        ["git", "http-backend"],
        input=request.body,
        env=environ,
        capture_output=True,
        check=False,
        timeout=GIT_SECONDS,
    )
    head, _, content = done.stdout.partition(b"\r\n\r\n")
    if request.path.endswith(_RECEIVE):
        gitlab.around_push("moved", request)
    headers = dict(line.split(": ", 1) for line in head.decode("latin-1").split("\r\n") if ": " in line)
    return Answer(int(headers.pop("Status", "200").split()[0]), content=content, headers=headers)


def _declined(gitlab: FakeGitLab, request: Request, username: str) -> Answer | None:
    """Return the refusal of a push, or None when everything in it is allowed."""
    path = request.path.removesuffix(_RECEIVE).strip("/").removesuffix(".git")
    project = gitlab.projects.get(path)
    refs = _pushed(request.body)
    branches = [ref.removeprefix("refs/heads/") for ref in refs]
    if project is None or all(project.may_push(branch, username) for branch in branches):
        if project is not None and len(branches) > _MOST_TOLD:
            project.untold.update(branches)
        return None
    report = b"".join(
        [_packet(b"unpack ok\n"), *(_packet(f"ng {ref} pre-receive hook declined\n".encode()) for ref in refs), b"0000"]
    )
    told = _packet(b"\x02" + _NOT_ALLOWED.encode() + b"\n") + _packet(b"\x01" + report) + b"0000"
    return Answer(content=told, headers={"Content-Type": "application/x-git-receive-pack-result"})


def _pushed(body: bytes) -> list[str]:
    """Return the refs that a push moves: `OLD NEW REF`, one a packet (gitprotocol-pack, "Reference Update Request")."""
    found, at = [], 0
    while (size := int(body[at : at + _LENGTH] or b"0", 16)) > _LENGTH:
        command = body[at + _LENGTH : at + size].split(b"\0")[0].decode().strip()
        found.append(command.split(" ", 2)[2])
        at += size
    return found


def _packet(content: bytes) -> bytes:
    return b"%04x" % (len(content) + _LENGTH) + content
