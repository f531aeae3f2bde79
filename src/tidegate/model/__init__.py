"""The words of Tidegate as pure, immutable values. Import from here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tidegate.lazy_names import names_of

if TYPE_CHECKING:
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
        Rewrite,
        Service,
    )
    from tidegate.model.registry_account import AwsIdentity, Encryption, Login, RegistryAccount, RepositorySettings
    from tidegate.model.verdict import Answer, Reason, Verdict
    from tidegate.model.version import Version
else:
    __getattr__ = names_of(
        __name__,
        {
            "constraint": ("Constraint",),
            "digest": ("Digest",),
            "image": ("ImageRef",),
            "merge_request": ("Approval", "Comment", "Commit", "MergeRequest", "MergeRequestState"),
            "patterns": ("CandidateTag", "PathPattern", "TagPattern"),
            "pipeline": (
                "ApprovalRule",
                "Carry",
                "Deploy",
                "Environment",
                "Gates",
                "Pipeline",
                "Ranges",
                "Rewrite",
                "Service",
            ),
            "registry_account": ("AwsIdentity", "Encryption", "Login", "RegistryAccount", "RepositorySettings"),
            "verdict": ("Answer", "Reason", "Verdict"),
            "version": ("Version",),
        },
    )

__all__ = [
    "Answer",
    "Approval",
    "ApprovalRule",
    "AwsIdentity",
    "CandidateTag",
    "Carry",
    "Comment",
    "Commit",
    "Constraint",
    "Deploy",
    "Digest",
    "Encryption",
    "Environment",
    "Gates",
    "ImageRef",
    "Login",
    "MergeRequest",
    "MergeRequestState",
    "PathPattern",
    "Pipeline",
    "Ranges",
    "Reason",
    "RegistryAccount",
    "RepositorySettings",
    "Rewrite",
    "Service",
    "TagPattern",
    "Verdict",
    "Version",
]
