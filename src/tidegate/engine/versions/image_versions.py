"""The versions that a service's images have."""

from __future__ import annotations

from tidegate.model import Pipeline, Service, Version
from tidegate.ports import Images


def image_versions(images: Images, pipeline: Pipeline, service: Service) -> frozenset[Version]:
    """Return the versions among the tags of the service's image in the first environment's registry.

    That is where builds are pushed. Tags in another style than the environment's are passed over; a repository that
    does not exist has none.

    Raises:
        RegistryUnreachable, RegistryUnauthorized: or another error of `tidegate.errors.registry`.
    """
    environment = pipeline.environments[0]
    tags = images.tags(environment.registry.host, service.image)
    return frozenset(found.version for tag in tags if (found := environment.tag.read(tag)) is not None)
