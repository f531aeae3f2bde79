"""The words of Tidegate as pure, immutable values. Import from here."""

from tidegate.model.constraint import Constraint
from tidegate.model.digest import Digest
from tidegate.model.image import ImageRef
from tidegate.model.merge_request import Approval, Comment, Commit, MergeRequest, MergeRequestState
from tidegate.model.patterns import CandidateTag, PathPattern, TagPattern
from tidegate.model.pipeline import (
    ApprovalRule,
    Carry,
    Deploy,
    Environment,
    Gates,
    Pipeline,
    Ranges,
    RegistryAccount,
    Rewrite,
    Service,
)
from tidegate.model.verdict import Answer, Reason, Verdict
from tidegate.model.version import Version

__all__ = [
    "Answer",
    "Approval",
    "ApprovalRule",
    "CandidateTag",
    "Carry",
    "Comment",
    "Commit",
    "Constraint",
    "Deploy",
    "Digest",
    "Environment",
    "Gates",
    "ImageRef",
    "MergeRequest",
    "MergeRequestState",
    "PathPattern",
    "Pipeline",
    "Ranges",
    "Reason",
    "RegistryAccount",
    "Rewrite",
    "Service",
    "TagPattern",
    "Verdict",
    "Version",
]
