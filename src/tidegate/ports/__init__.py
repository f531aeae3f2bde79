"""Ports: what the engine needs of the outside world, as protocols. Adapters and fakes fulfil them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tidegate.lazy_names import names_of

if TYPE_CHECKING:
    from tidegate.ports.clock import Clock
    from tidegate.ports.forge import Forge, NewMergeRequest
    from tidegate.ports.gitops import BranchPush, Change, GitOpsRepo, GitOpsRepos
    from tidegate.ports.images import CopyReport, Images
    from tidegate.ports.registry import Registry
    from tidegate.ports.reports import Reports
    from tidegate.ports.tags import HistoryCommit, VersionTags
else:
    __getattr__ = names_of(
        __name__,
        {
            "clock": ("Clock",),
            "forge": ("Forge", "NewMergeRequest"),
            "gitops": ("BranchPush", "Change", "GitOpsRepo", "GitOpsRepos"),
            "images": ("CopyReport", "Images"),
            "registry": ("Registry",),
            "reports": ("Reports",),
            "tags": ("HistoryCommit", "VersionTags"),
        },
    )

__all__ = [
    "BranchPush",
    "Change",
    "Clock",
    "CopyReport",
    "Forge",
    "GitOpsRepo",
    "GitOpsRepos",
    "HistoryCommit",
    "Images",
    "NewMergeRequest",
    "Registry",
    "Reports",
    "VersionTags",
]
