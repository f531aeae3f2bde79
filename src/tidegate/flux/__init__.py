"""Flux's resources: HelmReleases, ImagePolicies and setter markers; bytes in, bytes out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tidegate.lazy_names import names_of

if TYPE_CHECKING:
    from tidegate.flux.carry import carry_release
    from tidegate.flux.helmrelease import HelmRelease, helm_releases
    from tidegate.flux.image_edit import set_image
    from tidegate.flux.imagepolicy import ImagePolicy, image_policies, set_policy_range
    from tidegate.flux.images import find_images
    from tidegate.flux.kept import not_kept
    from tidegate.flux.markers import SetterMarker
    from tidegate.flux.outcome import Failure, Outcome, SelectionError, TagOutcome
    from tidegate.flux.ranges import move_range
    from tidegate.flux.selection import Selection, select_tag
    from tidegate.flux.sites import ImageSite
    from tidegate.flux.unmark import without_markers
else:
    __getattr__ = names_of(
        __name__,
        {
            "carry": ("carry_release",),
            "helmrelease": (
                "HelmRelease",
                "helm_releases",
            ),
            "imagepolicy": (
                "ImagePolicy",
                "image_policies",
                "set_policy_range",
            ),
            "images": ("find_images",),
            "kept": ("not_kept",),
            "markers": ("SetterMarker",),
            "outcome": (
                "Failure",
                "Outcome",
                "SelectionError",
                "TagOutcome",
            ),
            "ranges": ("move_range",),
            "selection": (
                "Selection",
                "select_tag",
            ),
            "image_edit": ("set_image",),
            "sites": ("ImageSite",),
            "unmark": ("without_markers",),
        },
    )

__all__ = [
    "Failure",
    "HelmRelease",
    "ImagePolicy",
    "ImageSite",
    "Outcome",
    "Selection",
    "SelectionError",
    "SetterMarker",
    "TagOutcome",
    "carry_release",
    "find_images",
    "helm_releases",
    "image_policies",
    "move_range",
    "not_kept",
    "select_tag",
    "set_image",
    "set_policy_range",
    "without_markers",
]
