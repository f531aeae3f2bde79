"""Rule: an image and a policy that don't belong together."""

from __future__ import annotations

from collections.abc import Iterator

from tidegate.engine.findings import RuleText
from tidegate.engine.policy_check.rule import Hit, Rule
from tidegate.engine.policy_check.scene import Judged, Scene
from tidegate.errors import Place
from tidegate.errors.model import InvalidImageRef
from tidegate.model import ImageRef


def _find(scene: Scene) -> Iterator[Hit]:
    marked = set()
    for image in scene.images:
        marker = image.site.marker
        judged = scene.policy(marker.namespace, marker.name) if marker else None
        reads = _image_of(judged)
        if judged is None or reads is None:
            continue
        marked.add((judged.project, judged.file, judged.policy.at))
        named = _parsed(image.site.name) if image.site.name else None
        if named is not None and named.name != reads.name:
            what = f"{named.name} is set by the policy {judged.policy.name}, which reads the tags of {reads.name}"
            instead = f"the marker of a policy for {named.name}, or image: {named.name} in the ImageRepository"
            yield Hit(image.project, Place(image.file, image.site.line), what, instead)
    for judged in scene.policies:
        reads, lane = _image_of(judged), judged.lane
        if lane is None or reads is None or (judged.project, judged.file, judged.policy.at) in marked:
            continue
        wanted = ImageRef(lane.environment.registry.host, lane.service.image)
        if reads.name != wanted.name:
            what = f"{judged.name} reads the tags of {reads.name}, and the service's image is {wanted.name}"
            yield Hit.at(judged, what, f"image: {wanted.name} in the ImageRepository")


def _image_of(judged: Judged | None) -> ImageRef | None:
    return _parsed(judged.repository.image) if judged and judged.repository else None


def _parsed(name: str) -> ImageRef | None:
    try:
        return ImageRef.parse(name)
    except InvalidImageRef:
        return None  # a template: what it will name is not known here


IMAGE_MISMATCH = Rule(
    RuleText(
        "image-mismatch",
        "an image that is set by a policy which reads another image's tags",
        "Flux writes a tag that the image may not have, or that is another build",
        "the marker of the policy whose ImageRepository has this very image",
    ),
    _find,
)
