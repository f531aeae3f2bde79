"""The keys of an environment's cluster, with types, defaults and the words that editors show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from tidegate.config import registry_grammar
from tidegate.config.grammar import Wrong
from tidegate.config.section import Section, checked
from tidegate.config.tree import Block, dotted
from tidegate.errors.config import Finding
from tidegate.model.cluster_access import ClusterAccess

_NAMESPACE: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_NEVER: Final = "credentials never go here: they stand in the kubeconfig"


def _namespace(text: str) -> Wrong | None:
    """A namespace (RFC 1123 label)."""
    if _NAMESPACE.fullmatch(text):
        return None
    return Wrong(f"{text!r} is not a namespace", "up to 63 lower-case letters, digits and - between them")


def _file(text: str) -> Wrong | None:
    """A kubeconfig's path. What else stands here may have secrets, and is not repeated."""
    if text.strip() and text.isprintable() and not text.lstrip().startswith("{"):
        return None
    return Wrong("this is not the path of a kubeconfig", f"e.g. /run/secrets/prd-kubeconfig; {_NEVER}")


def _context(text: str) -> Wrong | None:
    """A context's name."""
    return None if text.strip() else Wrong("the name is empty", "as in `kubectl config get-contexts`")


class ClusterSection(Section):
    """The Kubernetes cluster where Flux deploys an environment; it is read, and never written to."""

    kubeconfig: Annotated[str, checked(_file)] | None = Field(
        default=None,
        description="File with address and credentials; relative to this file.",
        examples=["/run/secrets/prd-kubeconfig"],
    )
    kubeconfig_env: Annotated[str, checked(registry_grammar.variable)] | None = Field(
        default=None,
        description="Variable with the path of a kubeconfig, or with all of it. None of both: as kubectl finds one,"
        " or the service account of the pod that Tidegate runs in.",
        examples=["PRD_KUBECONFIG"],
    )
    context: Annotated[str, checked(_context)] | None = Field(
        default=None, description="Which of its contexts; left out: the current one.", examples=["prd"]
    )
    namespaces: list[Annotated[str, checked(_namespace)]] = Field(
        default=[],
        description="Where its HelmReleases are. Left out: in all, which takes the right to list them in all.",
        examples=[["apps"]],
    )


def cluster_access(section: ClusterSection, folder: Path) -> ClusterAccess:
    """Return how the cluster is read; `folder` is what the kubeconfig's path is relative to."""
    return ClusterAccess(
        kubeconfig=None if section.kubeconfig is None else (folder / Path(section.kubeconfig).expanduser()).absolute(),
        kubeconfig_env=section.kubeconfig_env,
        context=section.context,
        namespaces=tuple(dict.fromkeys(section.namespaces)),
    )


def one_kubeconfig(tree: Block) -> Iterator[Finding]:
    """A kubeconfig is a file or stands in a variable, not both."""
    for name, environment in tree.blocks("environments"):
        cluster = environment.block("cluster")
        if cluster is not None and {"kubeconfig", "kubeconfig_env"} <= cluster.entries.keys():
            key = dotted(("environments", name, "cluster", "kubeconfig_env"))
            what = "kubeconfig and kubeconfig_env exclude each other"
            yield Finding(cluster.keys["kubeconfig_env"], key, what, "delete one of them")
