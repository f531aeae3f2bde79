"""The keys under `merge_request:`: how merge requests are opened and merged."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from pydantic import Field

from tidegate.config import grammar
from tidegate.config.section import Section, checked

Label: TypeAlias = Annotated[str, checked(grammar.label)]
User: TypeAlias = Annotated[str, checked(grammar.user)]


class MergeRequestSection(Section):
    """How merge requests are opened and merged. Under `forge`: in every environment that says nothing else."""

    labels: list[Label] = Field(default=[], description="Labels that it is opened with.", examples=[["promotion"]])
    reviewers: list[User] = Field(default=[], description="Who is asked to review it.", examples=[["alice", "bob"]])
    assignees: list[User] = Field(default=[], description="Who it is assigned to.", examples=[["alice"]])
    milestone: Annotated[str, checked(grammar.milestone)] | None = Field(
        default=None, description="Title of a milestone of the project or of a group above it.", examples=["2024.2"]
    )
    draft: bool = Field(default=False, description="Opened as a draft: it waits until a person marks it as ready.")
    squash: bool = Field(default=False, description="Its commits are merged as one.")
    remove_source_branch: bool = Field(default=False, description="The merge deletes its branch.")
    auto_merge: bool = Field(
        default=False, description="deliver has GitLab merge it as soon as its pipeline has succeeded."
    )
    merge_train: bool = Field(default=False, description="deliver puts it on the merge train (GitLab Premium).")
    rebase: bool = Field(
        default=True,
        description="deliver has GitLab rebase it where the project merges nothing that is behind; "
        "approvals of the very same change go on counting.",
    )


OF_EVERY_FORGE: Final = frozenset({"draft"})
"""The keys that a local forge knows, too."""
