"""What stands in the repositories of the road's tests: HelmReleases, an ImagePolicy, a tidegate.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

HOSTS: Final = {
    "dev": "111111111111.dkr.ecr.eu-west-2.amazonaws.com",
    "e2e": "222222222222.dkr.ecr.eu-west-2.amazonaws.com",
    "prd": "333333333333.dkr.ecr.eu-west-2.amazonaws.com",
}

DEV, STAGING, PRODUCTION = "platform/gitops", "platform/gitops-staging", "platform/gitops-production"
PROJECTS: Final = (DEV, STAGING, PRODUCTION)

FILES: Final = {
    "dev": "clusters/dev/{service}/release.yaml",
    "e2e": "clusters/e2e/{service}/release.yaml",
    "staging": "apps/{service}/release.yaml",
    "production": "apps/{service}/release.yaml",
}
PROJECT_OF: Final = {"dev": DEV, "e2e": DEV, "staging": STAGING, "production": PRODUCTION}
ACCOUNT_OF: Final = {"dev": "dev", "e2e": "e2e", "staging": "prd", "production": "prd"}

_CONFIG: Final = """\
version: 1
forge:
  type: local
  {forge}
  groups: {{platform/staging-approvers: [sam, ann], platform/sre: [ann, bob, dana]}}
registries:
  dev: {{host: {dev}, endpoint: "{dev_endpoint}"}}
  e2e: {{host: {e2e}, endpoint: "{e2e_endpoint}"}}
  prd: {{host: {prd}, endpoint: "{prd_endpoint}"}}
environments:
  dev: {{registry: dev, repo: platform/gitops, path: "clusters/dev/{{service}}", deploy: auto}}
  e2e: {{from: dev, registry: e2e, repo: platform/gitops, path: "clusters/e2e/{{service}}", tag: "{{version}}-rc{{n}}"}}
  staging:
    from: e2e
    registry: prd
    repo: platform/gitops-staging
    path: "apps/{{service}}"
    rewrite: {rewrite}
    approvals: {{count: 1, from: ["group:platform/staging-approvers"]}}
  production:
    from: staging
    registry: prd
    repo: platform/gitops-production
    path: "apps/{{service}}"
    approvals: {{count: 2, from: ["group:platform/sre"], not_author: true}}
services:
{services}
"""


@dataclass(frozen=True, slots=True)
class Settings:
    """What differs between the tidegate.yaml of two tests.

    Args:
        forge: the line that says where the forge is.
        endpoints: registry account → endpoint; left out: an image-layout folder beside the file.
        rewrite: `rewrite:` of staging.
        services: the lines below `services:`.
    """

    forge: str = "path: ./forge"
    endpoints: Mapping[str, str] = field(default_factory=dict)
    rewrite: str = "on-open"
    services: str = "  inventory: {image: inventory}"

    @property
    def text(self) -> str:
        """The file's text."""
        endpoints = {
            f"{account}_endpoint": self.endpoints.get(account, f"oci-layout:./registries/{account}")
            for account in HOSTS
        }
        return _CONFIG.format(**HOSTS, **endpoints, forge=self.forge, rewrite=self.rewrite, services=self.services)


def file_of(environment: str, service: str = "inventory") -> str:
    """Return the path of a service's HelmRelease in an environment's repository."""
    return FILES[environment].format(service=service)


def image_of(environment: str, tag: str, service: str = "inventory") -> str:
    """Return the reference by which an environment names an image."""
    return f"{HOSTS[ACCOUNT_OF[environment]]}/{service}:{tag}"


_POLICY: Final = """\
apiVersion: image.toolkit.fluxcd.io/v1beta2
kind: ImagePolicy
metadata:
  name: {service}
  namespace: flux-system
spec:
  imageRepositoryRef:
    name: {service}
  policy:
    semver:
      range: {range}
"""


def image_policy(range_: str = "1.x || 2.x", service: str = "inventory") -> bytes:
    """Return the ImagePolicy of a service's lane."""
    return _POLICY.format(service=service, range=range_).encode()


_RELEASE: Final = """\
# What runs in {environment}.
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: {service}
  namespace: shop
spec:
  interval: 5m
  chart:
    spec:
      chart: {service}
      version: "2.x"
  values:
    replicaCount: {replicas} # by hand
    image:
      repository: {repository}
      tag: {tag}{marker}
    metrics:
      image:
        repository: docker.io/prom/statsd-exporter
        tag: v0.26.1
    ingress:
      hosts:
        - host: {service}.{environment}.example.com
          paths: [/]
"""


def helm_release(
    environment: str, tag: str, service: str = "inventory", *, replicas: int = 1, repository: str | None = None
) -> bytes:
    """Return the HelmRelease of a service in an environment: two images, of which one is the service's.

    Args:
        environment: whose account it names, and whose hosts it serves.
        tag: the image's tag.
        service: also the image's repository.
        replicas: a value that environments differ in.
        repository: the image's name; None for the environment's own account.
    """
    policy = f'{{"$imagepolicy": "flux-system:{service}:tag"}}'
    return _RELEASE.format(
        environment=environment,
        service=service,
        replicas=replicas,
        repository=repository or f"{HOSTS[ACCOUNT_OF[environment]]}/{service}",
        tag=tag,
        marker=f" # {policy}" if environment == "dev" else "",
    ).encode()
