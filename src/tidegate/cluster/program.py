"""Credentials from a program (client-go, `plugin/pkg/client/auth/exec`; "client-go credential plugins").

lightkube runs such programs, too, but of v1 none, and without an end: one that waits for somebody to sign in would stop
a server for good.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tidegate.errors.cluster import ClusterCredentialsUnusable, KubeconfigUnusable
from tidegate.model.json import Json

_EXEC: Final = "client.authentication.k8s.io/"
_CLUSTER_INFO: Final = ("server", "tls-server-name", "insecure-skip-tls-verify", "certificate-authority-data")
_SECONDS: Final = 60.0
_LONGEST: Final = 300


@dataclass(frozen=True, slots=True)
class Program:
    """How a program is run.

    Args:
        command: its name or path, and its arguments.
        variables: environment variables besides the process's own.
    """

    command: tuple[str, ...]
    variables: Mapping[str, str]

    @classmethod
    def of(
        cls, user: Mapping[str, Json], cluster: Mapping[str, Json], folder: Path | None, where: str
    ) -> Program | None:
        """Return the program that a kubeconfig's user names; None where there is none, or a token goes before it.

        Args:
            user: the user.
            cluster: where its credentials go, which the program may ask to be told of.
            folder: what a path is relative to, or None.
            where: the kubeconfig, for errors.

        Raises:
            KubeconfigUnusable: it is not named as the API says.
        """
        section = user.get("exec")
        if not isinstance(section, Mapping) or user.get("token") or user.get("tokenFile"):
            return None
        version, command = section.get("apiVersion"), section.get("command")
        if not isinstance(version, str) or not version.startswith(_EXEC) or not isinstance(command, str) or not command:
            what = "exec has no apiVersion or no command"
            raise KubeconfigUnusable(what, where=where, hint="as in `kubectl config view --minify`")
        if folder is not None and os.sep in command:
            command = str(folder / command)
        spec: dict[str, Json] = {"interactive": False}
        if section.get("provideClusterInfo"):
            spec["cluster"] = {key: cluster[key] for key in _CLUSTER_INFO if key in cluster}
        told = json.dumps({"apiVersion": version, "kind": "ExecCredential", "spec": spec})
        arguments = [each for each in _list(section.get("args")) if isinstance(each, str)]
        pairs = [each for each in _list(section.get("env")) if isinstance(each, Mapping)]
        named = {str(each.get("name")): str(each.get("value")) for each in pairs}
        return cls((command, *arguments), {**named, "KUBERNETES_EXEC_INFO": told})

    def token(self, environ: Mapping[str, str], seconds: float = _SECONDS) -> str:
        """Run it, with nobody at its keyboard, and return the token that it gives.

        Args:
            environ: environment variables.
            seconds: how long it may take.

        Raises:
            ClusterCredentialsUnusable: it is not there, fails, takes too long, or gives no token.
        """
        try:
            ended = subprocess.run(
                self.command,
                env={**environ, **self.variables},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                timeout=seconds,
            )
        except subprocess.TimeoutExpired:
            raise self._refusal(f"gave nothing within {seconds:g} s; does it wait for somebody to sign in?") from None
        except OSError as error:
            raise self._refusal(f"can't be run: {error.strerror}") from None
        if ended.returncode != 0:
            said = ended.stderr.decode("utf-8", "replace").split()
            raise self._refusal(f"ended with {ended.returncode}: {' '.join(said)[:_LONGEST]}")
        return self._token_in(ended.stdout)

    def _token_in(self, output: bytes) -> str:
        """Return the token in what the program printed, of which nothing else is shown."""
        try:
            document: Json = json.loads(output)
        except (ValueError, RecursionError):
            document = None
        status = document.get("status") if isinstance(document, Mapping) else None
        token = status.get("token") if isinstance(status, Mapping) else None
        if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
            raise self._refusal("gave no token; one that gives certificates is not supported")
        return token

    def _refusal(self, what: str) -> ClusterCredentialsUnusable:
        return ClusterCredentialsUnusable(
            f"the kubeconfig's program {what}", where=self.command[0], hint="run it by hand"
        )


def _list(value: Json) -> Sequence[Json]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()
