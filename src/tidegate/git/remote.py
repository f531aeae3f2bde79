"""Remote: the address of a repository, checked, and parted from its secret. Kinds as in git-fetch, 'GIT URLS'."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit, urlunsplit

from tidegate.errors.forge import InvalidProject
from tidegate.errors.git import UnsafeRemote

_HELPER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9+.-]*::")
_SCP_LIKE: Final = re.compile(
    r"(?:(?P<user>[\w.-]+)@)?(?P<host>[\w.-]+|\[[0-9a-fA-F:]+\]):(?P<path>[^/].*|/.*)", re.ASCII
)
_HOST: Final = re.compile(r"[A-Za-z0-9\[][A-Za-z0-9._:\[\]-]*")
_PROJECT: Final = re.compile(r"[A-Za-z0-9_][\w.-]*(?:/[A-Za-z0-9_][\w.-]*)*", re.ASCII)
_SCHEMES: Final = frozenset({"file", "ssh", "http", "https"})
_KINDS: Final = "give a path, or an address with file://, ssh://, http:// or https://, or user@host:path"


@dataclass(frozen=True, slots=True)
class Remote:
    """A repository's address.

    Args:
        url: what git is given and people are shown: an absolute path or a URL, without a password.
        authorization: value of the HTTP header `Authorization`, or None. Never printed, never an argument of a program.
    """

    url: str
    authorization: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, address: str) -> Remote:
        """Return the remote at `address`: a path, `file://`, `ssh://`, `user@host:path`, `http://` or `https://`.

        User and password in an HTTP address become the header; a relative path is taken from the working directory.

        Raises:
            UnsafeRemote: it would run a command (`ext::…`, a leading dash), or is of another kind.
        """
        if not address or not address.isprintable() or address.startswith("-") or _HELPER.match(address):
            raise UnsafeRemote(f"{without_userinfo(address)[:200]!r} is not an address that is allowed", hint=_KINDS)
        if "://" in address:
            return cls._parse_url(address)
        match = _SCP_LIKE.fullmatch(address)
        if match and not address.startswith((".", "/")):
            if match["host"].startswith("-") or match["path"].startswith("-"):
                raise UnsafeRemote(f"{address[:200]!r} would be read as an option", hint=_KINDS)
            return cls(address)
        return cls(str(Path(address).absolute()))

    @classmethod
    def _parse_url(cls, address: str) -> Remote:
        shown = without_userinfo(address)
        try:
            parts = urlsplit(address)
            host = parts.netloc.rpartition("@")[2]
            _ = parts.port
        except ValueError as error:
            raise UnsafeRemote(f"{shown[:200]!r} is not a URL: {error}", hint=_KINDS) from None
        if parts.scheme not in _SCHEMES or (parts.scheme != "file" and not _HOST.fullmatch(host)):
            raise UnsafeRemote(f"{shown[:200]!r} is not an address that is allowed", hint=_KINDS)
        if parts.scheme == "file":
            if host not in {"", "localhost"} or not parts.path.startswith("/"):
                raise UnsafeRemote(f"{shown[:200]!r} is not a local address", hint="write file:///absolute/path")
            return cls(urlunsplit(("file", "", parts.path, "", "")))
        user = unquote(parts.username or "")
        if parts.scheme == "ssh":
            if user.startswith("-") or parts.path.startswith("/-"):
                raise UnsafeRemote(f"{shown[:200]!r} would be read as an option", hint=_KINDS)
            netloc = f"{parts.username}@{host}" if user else host
            return cls(urlunsplit(("ssh", netloc, parts.path, "", "")))
        url = urlunsplit((parts.scheme, host, parts.path, parts.query, ""))
        if parts.username is None:
            return cls(url)
        return cls(url, basic(user, unquote(parts.password or "")))

    def leads_to(self, other: Remote) -> bool:
        """Return whether both addresses are of one repository, whatever the credentials, and by SSH or HTTP.

        Ports count between addresses of one kind only: a server has one for SSH and another one for HTTP.
        """
        (kind, host, port, path), (other_kind, other_host, other_port, other_path) = self._place, other._place
        return (host, path) == (other_host, other_path) and (kind != other_kind or port == other_port)

    @property
    def _place(self) -> tuple[str, str, int | None, str]:
        """Kind of address, host, port and path without `.git`; for a folder the host is ""."""
        if "://" in self.url:
            parts = urlsplit(self.url)
            kind, host, port, path = parts.scheme, parts.hostname or "", parts.port, parts.path
        elif match := None if self.url.startswith("/") else _SCP_LIKE.fullmatch(self.url):
            kind, host, port, path = "ssh", match["host"].lower(), None, match["path"]
        else:
            kind, host, port, path = "file", "", None, self.url
        return kind, host, port, path.rstrip("/").removesuffix(".git").lstrip("/")

    @property
    def name(self) -> str:
        """A file name for what is kept of this remote: its last part for people, and a hash for uniqueness."""
        last = re.sub(r"[^A-Za-z0-9_-]+", "-", self.url.rstrip("/").removesuffix(".git").rpartition("/")[2])[-40:]
        return f"{last.strip('-') or 'repository'}-{hashlib.sha256(self.url.encode()).hexdigest()[:20]}"


def basic(user: str, password: str) -> str:
    """Return the value of an `Authorization` header for basic authentication (RFC 7617)."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii")


def without_userinfo(text: str) -> str:
    """Return `text` with user and password taken out of every URL in it."""
    return re.sub(r"://[^/\s'\"]*@", "://", text)


@dataclass(frozen=True, slots=True)
class ProjectRemotes:
    """Where a forge keeps its projects: `BASE/PROJECT.git`.

    Args:
        base: a path or an address as `Remote.parse` takes it; may hold user and password for HTTP.
    """

    base: str = field(repr=False)

    @property
    def branches_at_once(self) -> int:
        """How many branches one push may move."""
        return 100

    def require_writable(self, project: str) -> None:
        """Do nothing when the forge lets us change what `project` has; whether git may push is the server's to tell.

        Raises:
            TidegateError: it does not, so that a push would be half of something.
        """

    def remote(self, project: str) -> Remote:
        """Return the remote of `project`, e.g. `platform/gitops`.

        Raises:
            InvalidProject: not a project's path.
            UnsafeRemote: the base is not an address that is allowed.
        """
        if not _PROJECT.fullmatch(project) or ".." in project:
            raise InvalidProject(f"{project[:200]!r} is not a project's path", hint="write it as platform/gitops")
        base = self.base if self.base.endswith((":", "/")) else f"{self.base}/"
        return Remote.parse(f"{base}{project.removesuffix('.git')}.git")
