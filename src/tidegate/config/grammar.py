"""What may stand in single values of tidegate.yaml: hosts, paths, names, durations.

Each check takes the text and returns what is wrong with it, or None.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias
from urllib.parse import SplitResult, urlsplit

from tidegate.config.durations import duration
from tidegate.errors import UsageError
from tidegate.model.image import is_host, is_repository
from tidegate.model.patterns import PathPattern, TagPattern, is_service_name


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with a value, and what to write instead."""

    what: str
    hint: str | None


Check: TypeAlias = Callable[[str], Wrong | None]

LAYOUT: Final = "oci-layout:"

_PROJECT_PART: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*", re.ASCII)
_BRANCH_PART: Final = re.compile(r"[A-Za-z0-9_+#][A-Za-z0-9_.+#-]*", re.ASCII)
_USER: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]*", re.ASCII)
_KEEP: Final = re.compile(r'(?:"([^"]+)"|([^."\[\]{}\s]+))(?:\.|$)')
_LOGIN: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", re.ASCII)
_SSH: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*@[A-Za-z0-9][A-Za-z0-9.-]*:(?!/)[A-Za-z0-9_./~+-]+", re.ASCII)
_SSH_FOLDER: Final = re.compile(
    r"[A-Za-z0-9_][A-Za-z0-9_.-]*@[A-Za-z0-9][A-Za-z0-9.-]*:(?:[A-Za-z0-9_./~+][A-Za-z0-9_./~+-]*)?", re.ASCII
)
_EMAIL: Final = re.compile(r"[^\s<>@]+@[^\s<>@]+")
_RULE: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)
_LONGEST: Final = 255


def name(text: str) -> Wrong | None:
    """A service, environment or registry: safe in a path, a branch and a tag at once."""
    if is_service_name(text):
        return None
    return Wrong(f"{text!r} is not a name", "use lower-case letters and digits with single . _ - between them")


def host(text: str) -> Wrong | None:
    """A registry's host as image references name it."""
    if is_host(text):
        return None
    return Wrong(f"{text!r} is not a registry host", "write host or host:port, without https:// and without a path")


def endpoint(text: str) -> Wrong | None:
    """Where a registry's bytes are: `http(s)://…` or `oci-layout:FOLDER`."""
    if text.startswith(LAYOUT):
        return (
            None
            if text.removeprefix(LAYOUT).strip()
            else Wrong("the folder is missing", "e.g. oci-layout:./registries/dev")
        )
    return url(text)


def url(text: str) -> Wrong | None:
    """An `http(s)` URL without credentials."""
    hint = "e.g. https://gitlab.example.com"
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return Wrong("this is not a URL", hint)
    if has_secret(parts):
        return Wrong("a URL with a password can't stand in this file", "give credentials by the environment")
    if parts.scheme not in {"http", "https"} or not parts.hostname or not is_host(parts.netloc):
        return Wrong(f"{_quoted(text)} is not an http or https URL", hint)
    if parts.query or parts.fragment:
        return Wrong(f"{_quoted(text)} has more than host and path", hint)
    return None


def _quoted(text: str) -> str:
    """Return `text` in quotes, unless what stands before an `@` may be a password."""
    return "this" if "@" in text else repr(text)


def has_secret(parts: SplitResult) -> bool:
    """Return whether a URL carries credentials; ssh's user name alone is none."""
    return parts.password is not None or (parts.username is not None and parts.scheme in {"http", "https"})


def project(text: str) -> Wrong | None:
    """A project's or group's path on the forge, e.g. `platform/gitops`."""
    parts = text.split("/")
    safe = all(_PROJECT_PART.fullmatch(part) and not part.endswith((".", ".git", ".lock")) for part in parts)
    if safe and len(text) <= _LONGEST and ".." not in text:
        return None
    return Wrong(f"{text!r} is not a project path", "e.g. platform/gitops: relative, without .. and without .git")


def branch(text: str) -> Wrong | None:
    """A branch name that git takes and that needs no quoting (git-check-ref-format, narrowed)."""
    parts = text.split("/")
    safe = all(_BRANCH_PART.fullmatch(part) and not part.endswith((".", ".lock")) for part in parts)
    if safe and len(text) <= _LONGEST and ".." not in text and text != "HEAD":
        return None
    return Wrong(f"{text!r} is not a branch name", "e.g. main")


def image(text: str) -> Wrong | None:
    """An image's repository in every account."""
    if is_repository(text):
        return None
    return Wrong(f"{text!r} is not an image repository", "e.g. team/inventory: lower-case, without host and tag")


def path(text: str) -> Wrong | None:
    """Where a service's files are."""
    return _made(PathPattern, text)


def tag(text: str) -> Wrong | None:
    """How an environment writes its tags."""
    return _made(TagPattern, text)


def _made(make: Callable[[str], object], text: str) -> Wrong | None:
    """Return what the constructor of a value says against `text`."""
    try:
        make(text)
    except UsageError as error:
        return Wrong(error.what, error.hint)
    return None


def label(text: str) -> Wrong | None:
    """A label's name; GitLab separates several by commas."""
    if text.strip() == text and text and "," not in text and len(text) <= _LONGEST:
        return None
    return Wrong(f"{text!r} is not a label", "write its name, without a comma and without spaces around it")


def milestone(text: str) -> Wrong | None:
    """A milestone's title."""
    if text.strip() == text and text and len(text) <= _LONGEST:
        return None
    return Wrong(f"{text!r} is not a milestone's title", "write it as its page does, e.g. 2024.2")


def version_tag(text: str) -> Wrong | None:
    """How a version is written as a git tag, e.g. `inventory/v{version}`."""
    if text.count("{version}") == 1 and branch(text.replace("{version}", "1.0.0")) is None:
        return None
    return Wrong(f"{text!r} does not make git tags", "hold {version} once, e.g. v{version} or inventory/v{version}")


def source(text: str) -> Wrong | None:
    """Where an application's git tags are: a project path on the forge, or a URL that runs no command."""
    hint = "a project path such as team/inventory, or an https, ssh or file URL"
    if "://" in text:
        return _git_url(text, hint)
    if _SSH.fullmatch(text) or project(text) is None:
        return None
    return Wrong(f"{_quoted(text)} is no git repository", hint)


def repositories(text: str) -> Wrong | None:
    """Where a forge is: below this address its projects are found as git repositories."""
    hint = "e.g. https://gitlab.example.com; for a local forge also ssh://git@host/folder, git@host:folder or file:///folder"
    if "://" in text:
        return _git_url(text, hint)
    if _SSH_FOLDER.fullmatch(text):
        return None
    return Wrong(f"{_quoted(text)} is no URL of git repositories", hint)


def _git_url(text: str, hint: str) -> Wrong | None:
    """A URL that git reads without running a command, and without a secret in it."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return Wrong("this is not a URL", hint)
    if has_secret(parts):
        return Wrong("a URL with a password can't stand in this file", "give credentials by git's credential helper")
    if parts.query or parts.fragment:
        return Wrong(f"{_quoted(text)} has more than host and path", hint)
    local = parts.scheme == "file" and not parts.netloc and parts.path.startswith("/")
    remote = (
        parts.scheme in {"http", "https", "ssh"}
        and is_host(parts.hostname or "")
        and _LOGIN.fullmatch(parts.username or "git")
        and not parts.path.startswith("/-")
    )
    return None if local or remote else Wrong(f"{_quoted(text)} is no git repository", hint)


def source_path(text: str) -> Wrong | None:
    """A folder or file in an application's repository."""
    if text.isprintable() and "\\" not in text and not {"", ".", "..", ".git"} & set(text.split("/")):
        return None
    return Wrong(f"{text!r} is not a path in a repository", "write it from the root, e.g. services/inventory")


def approver(text: str) -> Wrong | None:
    """`user:NAME` or `group:PATH`."""
    kind, _, rest = text.partition(":")
    if (kind == "user" and _USER.fullmatch(rest)) or (kind == "group" and project(rest) is None):
        return None
    return Wrong(f"{text!r} names no approver", "write user:NAME or group:PATH, e.g. group:platform/sre")


def user(text: str) -> Wrong | None:
    """A user's name on the forge."""
    if _USER.fullmatch(text):
        return None
    return Wrong(f"{text!r} is not a user name", "e.g. alice, without @ in front")


def email(text: str) -> Wrong | None:
    """The address that commits carry."""
    return None if _EMAIL.fullmatch(text) else Wrong(f"{text!r} is not an e-mail address", "e.g. tidegate@example.com")


def person(text: str) -> Wrong | None:
    """The name that commits carry; git takes no angle brackets in it."""
    if text.strip() and not any(mark in text for mark in "<>"):
        return None
    return Wrong(f"{text!r} can't be the author of a commit", "e.g. Tidegate")


def keep(text: str) -> Wrong | None:
    """A dotted path in a HelmRelease."""
    if keep_path(text):
        return None
    return Wrong(f"{text!r} is not a path", 'e.g. spec.values.replicaCount; a key with a dot in it is "quoted"')


def keep_path(text: str) -> tuple[str, ...]:
    """Return the keys that a dotted path names; empty when it is none."""
    parts: list[str] = []
    position = 0
    while match := _KEEP.match(text, position):
        parts.append(match[1] or match[2])
        position = match.end()
    return tuple(parts) if position == len(text) and not text.endswith(".") else ()


def rule(text: str) -> Wrong | None:
    """The id of a rule; whether there is such a rule is not known here."""
    if _RULE.fullmatch(text):
        return None
    return Wrong(f"{text!r} is not the id of a rule", "e.g. lanes-overlap; `tidegate check` prints the ids")


def reason(text: str) -> Wrong | None:
    """Why something is as it is."""
    return None if text.strip() else Wrong("the reason is missing", "say in a few words why, for those who come later")


def soak(text: str) -> Wrong | None:
    """A length of time."""
    return _made(duration, text)
