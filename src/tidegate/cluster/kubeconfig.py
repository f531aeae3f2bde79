"""Kubeconfigs: which one, and what it says of one context. Follows kubectl (k8s.io/client-go/tools/clientcmd).

What the file means for a connection is lightkube's part; here it is made to say only what that understands, and what
it does not is refused rather than left out.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import yaml

from tidegate.cluster.program import Program
from tidegate.errors.cluster import KubeconfigUnusable
from tidegate.model.cluster_access import ClusterAccess
from tidegate.model.json import Json

HINT: Final = "see `tidegate.yaml`: environments.…cluster; `kubectl config get-contexts` lists contexts"


@dataclass(frozen=True, slots=True)
class Connection:
    """One context of a kubeconfig.

    Args:
        name: the context's.
        cluster: where its API is, as the kubeconfig says it.
        user: who we are, likewise, but for a program. Holds secrets.
        folder: what files in it are relative to; None when it came in a variable.
        program: gives credentials, or None.
    """

    name: str
    cluster: Mapping[str, Json]
    user: Mapping[str, Json] = field(repr=False)
    folder: Path | None
    program: Program | None = field(default=None, repr=False)

    @property
    def server(self) -> str:
        """The API's address."""
        return str(self.cluster.get("server") or "")

    def text(self, key: str) -> str | None:
        """Return what the kubeconfig says of the cluster under `key`, or None."""
        value = self.cluster.get(key)
        return value if isinstance(value, str) and value else None


def read_connection(access: ClusterAccess, environ: Mapping[str, str], home: Path) -> Connection | None:
    """Return what the kubeconfig says of the context; None where there is no kubeconfig, as in a pod.

    Args:
        access: which kubeconfig and which context.
        environ: environment variables.
        home: the user's folder.

    Raises:
        KubeconfigUnusable: it is not there, can't be read, has no such context, or asks for what is not supported.
    """
    found = _text(access, environ, home)
    if found is None:
        return None
    text, file = found
    where = str(file) if file else f"${access.kubeconfig_env}"
    try:
        document: Json = yaml.safe_load(text)
    except yaml.YAMLError:  # its message would show a piece of the file, and the file has secrets
        raise KubeconfigUnusable("the kubeconfig is not YAML", where=where, hint=HINT) from None
    return _context(document, access, where, file.absolute().parent if file else None)


def _text(access: ClusterAccess, environ: Mapping[str, str], home: Path) -> tuple[str, Path | None] | None:
    """Return what stands in the kubeconfig, and its file; None where nothing names one."""
    file, variable = access.kubeconfig, access.kubeconfig_env
    if file is None and variable is not None:
        value = environ.get(variable, "").strip()
        if not value:
            what = "the variable is to name a kubeconfig, and is not set"
            raise KubeconfigUnusable(what, where=variable, hint="set it to a file's path")
        if "\n" in value or value.startswith("{"):
            return value, None
        return _read(Path(value), variable)  # a token that was put there by mistake is not to be shown
    file = file or _usual(environ, home)
    return None if file is None else _read(file, str(file))


def _read(file: Path, where: str) -> tuple[str, Path]:
    try:
        return file.expanduser().read_text("utf-8"), file.expanduser()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise KubeconfigUnusable(f"the kubeconfig can't be read: {reason}", where=where, hint=HINT) from None


def _usual(environ: Mapping[str, str], home: Path) -> Path | None:
    """Return the kubeconfig that kubectl would read."""
    named = [Path(each) for each in environ.get("KUBECONFIG", "").split(os.pathsep) if each]
    if not named:
        usual = home / ".kube" / "config"
        return usual if usual.is_file() else None
    there = [each for each in named if each.is_file()]
    if len(there) > 1:
        what = "names several kubeconfigs, and they are not merged here"
        raise KubeconfigUnusable(
            what, where="KUBECONFIG", hint="name the cluster's own with `cluster: {kubeconfig: …}`"
        )
    return there[0] if there else named[0]


def _context(document: Json, access: ClusterAccess, where: str, folder: Path | None) -> Connection:
    if not isinstance(document, Mapping):
        raise KubeconfigUnusable("the kubeconfig is no mapping", where=where, hint=HINT)
    name = access.context or document.get("current-context")
    if not isinstance(name, str) or not name:
        raise KubeconfigUnusable("the kubeconfig has no current context", where=where, hint="name one: `context:`")
    context = _named(document, "contexts", "context", name, where)
    cluster = _named(document, "clusters", "cluster", _name(context, "cluster"), where)
    user = _named(document, "users", "user", _name(context, "user"), where) if context.get("user") else {}
    _refuse_unknown(user, where)
    program = Program.of(user, cluster, folder, where)
    named = {key: value for key, value in user.items() if key != "exec"}
    found = Connection(name, cluster, {**named, **_token_file(user, folder)}, folder, program)
    if not found.server.startswith(("https://", "http://")):
        raise KubeconfigUnusable(f"context {name!r} has no server's address", where=where, hint=HINT)
    return found


def _named(document: Mapping[str, Json], section: str, key: str, name: str, where: str) -> Mapping[str, Json]:
    entries = document.get(section)
    items = [each for each in entries if isinstance(each, Mapping)] if isinstance(entries, Sequence) else []
    found = next((each.get(key) for each in items if each.get("name") == name), None)
    if isinstance(found, Mapping):
        return found
    known = ", ".join(str(each.get("name")) for each in items) or "none"
    raise KubeconfigUnusable(f"the kubeconfig has no {key} {name!r}", where=where, hint=f"{section} in it: {known}")


def _name(context: Mapping[str, Json], key: str) -> str:
    name = context.get(key)
    return name if isinstance(name, str) else ""


def _refuse_unknown(user: Mapping[str, Json], where: str) -> None:
    for key, instead in (("as", "a user of its own"), ("auth-provider", "`exec`, as kubectl has since 1.26")):
        if key in user:
            raise KubeconfigUnusable(f"{key} is not supported", where=where, hint=f"use {instead}")


def _token_file(user: Mapping[str, Json], folder: Path | None) -> Mapping[str, Json]:
    """Return `tokenFile` as lightkube reads it: from anywhere."""
    file = user.get("tokenFile")
    return {"tokenFile": str(folder / file)} if isinstance(file, str) and folder is not None else {}
