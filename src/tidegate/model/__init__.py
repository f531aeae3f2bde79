"""The words of Tidegate as pure, immutable values. Import from here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tidegate.lazy_names import names_of

if TYPE_CHECKING:
    from tidegate.model.constraint import Constraint
    from tidegate.model.digest import Digest
    from tidegate.model.forge_rule import ForgeRule
    from tidegate.model.image import ImageRef
    from tidegate.model.merge_request import (
        Approval,
        Comment,
        Commit,
        MergeRequest,
        MergeRequestOptions,
        MergeRequestState,
    )
    from tidegate.model.patterns import CandidateTag, PathPattern, TagPattern
    from tidegate.model.pipeline import (
        ApprovalRule,
        Carry,
        Deploy,
        Environment,
        Gates,
        Pipeline,
        Promote,
        Ranges,
        Rewrite,
        Service,
    )
    from tidegate.model.registry_account import RegistryAccount
    from tidegate.model.registry_identity import AwsIdentity, Login
    from tidegate.model.report import Report, ReportState
    from tidegate.model.repository_settings import Encryption, RepositorySettings
    from tidegate.model.verdict import Answer, Reason, Verdict
    from tidegate.model.version import Version
else:
    __getattr__ = names_of(
        __name__,
        {
            "constraint": ("Constraint",),
            "digest": ("Digest",),
            "forge_rule": ("ForgeRule",),
            "image": ("ImageRef",),
            "merge_request": (
                "Approval",
                "Comment",
                "Commit",
                "MergeRequest",
                "MergeRequestOptions",
                "MergeRequestState",
            ),
            "patterns": ("CandidateTag", "PathPattern", "TagPattern"),
            "pipeline": (
                "ApprovalRule",
                "Carry",
                "Deploy",
                "Environment",
                "Gates",
                "Pipeline",
                "Promote",
                "Ranges",
                "Rewrite",
                "Service",
            ),
            "registry_account": ("RegistryAccount",),
            "registry_identity": ("AwsIdentity", "Login"),
            "report": ("Report", "ReportState"),
            "repository_settings": ("Encryption", "RepositorySettings"),
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
    "ForgeRule",
    "Gates",
    "ImageRef",
    "Login",
    "MergeRequest",
    "MergeRequestOptions",
    "MergeRequestState",
    "PathPattern",
    "Pipeline",
    "Promote",
    "Ranges",
    "Reason",
    "RegistryAccount",
    "Report",
    "ReportState",
    "RepositorySettings",
    "Rewrite",
    "Service",
    "TagPattern",
    "Verdict",
    "Version",
]
