"""Registries' push events as keys: CNCF distribution, Harbor, and Amazon ECR's through EventBridge.

- https://distribution.github.io/distribution/about/notifications/
- https://goharbor.io/docs/main/working-with-projects/project-configuration/configure-webhooks/
- https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tidegate.model import Pipeline
from tidegate.model.key import Key, ServiceKey
from tidegate.server.webhooks.document import Document
from tidegate.server.webhooks.touched import with_following


@dataclass(frozen=True, slots=True)
class _Pushed:
    """Where something was pushed to: a repository of the registry that calls itself `host`."""

    host: str
    repository: str


def keys_of_registry(body: bytes, pipeline: Pipeline) -> frozenset[Key]:
    """Return where a push matters: the environments of that registry with a service of that image, and the next.

    A registry that is not known by the name it gives itself may be any of them.

    Args:
        body: JSON.
        pipeline: whose environments and services matter.

    Raises:
        WebhookInvalid: the body is no JSON object.
    """
    document = Document.parse(body)
    hosts = {account.host for account in pipeline.registries.values()}
    touched = {
        ServiceKey(service.name, environment.name)
        for pushed in (*_distribution(document), *_harbor(document), *_ecr(document))
        for service in pipeline.services.values()
        if service.image == pushed.repository
        for environment in pipeline.environments
        if pushed.host not in hosts or environment.registry.host == pushed.host
    }
    return with_following(touched, pipeline)


def _distribution(document: Document) -> Iterator[_Pushed]:
    for event in document.each("events"):
        repository = event.text("target", "repository")
        if event.text("action") == "push" and repository and event.text("target", "tag"):  # not each blob
            yield _Pushed(event.text("request", "host") or "", repository)


def _harbor(document: Document) -> Iterator[_Pushed]:
    repository = document.text("event_data", "repository", "repo_full_name")
    if document.text("type") != "PUSH_ARTIFACT" or not repository:
        return
    for resource in document.each("event_data", "resources"):
        yield _Pushed((resource.text("resource_url") or "").partition("/")[0], repository)


def _ecr(document: Document) -> Iterator[_Pushed]:
    repository = document.text("detail", "repository-name")
    if document.text("source") != "aws.ecr" or not repository:
        return
    if (document.text("detail", "action-type"), document.text("detail", "result")) == ("PUSH", "SUCCESS"):
        yield _Pushed(f"{document.text('account')}.dkr.ecr.{document.text('region')}.amazonaws.com", repository)
