"""Ports: what the engine needs of the outside world, as protocols. Adapters and fakes fulfil them."""

from tidegate.ports.clock import Clock
from tidegate.ports.forge import Forge, NewMergeRequest
from tidegate.ports.gitops import Change, GitOpsRepo, GitOpsRepos
from tidegate.ports.images import CopyReport, Images
from tidegate.ports.registry import Registry
from tidegate.ports.tags import HistoryCommit, VersionTags

__all__ = [
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
    "VersionTags",
]
