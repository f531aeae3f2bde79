"""What an environment declares of a service: read from git, now and in the past."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from tidegate.errors import Place, TidegateError, UsageError
from tidegate.errors.git import BranchMissing, FileTooLarge
from tidegate.errors.manifest import ImageAmbiguous, ImageNotFound, NotHelmRelease, SymbolicLink, YamlTooLarge
from tidegate.errors.model import InvalidDigest
from tidegate.errors.release import NothingDeclared, TagUnreadable
from tidegate.flux import ImageSite, find_images, helm_releases
from tidegate.model import CandidateTag, Commit, Digest, Environment, ImageRef, Pipeline, Service, TagPattern
from tidegate.ports import GitOpsRepo

_HISTORY_DEPTH = 100
_MOST_SITES = 200
"""More edits of one file than any release needs; each costs a search through the file."""


@dataclass(frozen=True, slots=True)
class DeclaredRelease:
    """The HelmRelease of a service in an environment, at one commit.

    Args:
        environment: where.
        service: of which service.
        commit: the commit that it was read at.
        file: path in the repository.
        data: the file's bytes.
        sites: where the service's image stands in it, at least one.
        image: the image that all sites name.
    """

    environment: Environment
    service: Service
    commit: str
    file: str
    data: bytes
    sites: tuple[ImageSite, ...]
    image: ImageRef

    @property
    def place(self) -> Place:
        """The line of the first site."""
        return Place(self.file, self.sites[0].line)

    def candidate(self, pattern: TagPattern | None = None) -> CandidateTag:
        """Return version and number that the tag spells under `pattern` (default: the environment's).

        Raises:
            TagUnreadable: the tag is not written that way.
        """
        pattern = pattern or self.environment.tag
        candidate = pattern.read(self.image.tag or "")
        if candidate is None:
            raise TagUnreadable(
                f"{self.environment.name} names {self.image}, whose tag is not written as {pattern.text!r}",
                where=self.place,
                hint="correct the tag in the manifest, or the environment's `tag:` in tidegate.yaml",
            )
        return candidate


def branch_head(repo: GitOpsRepo, environment: Environment) -> str:
    """Return the head of the branch that Flux reads.

    Raises:
        BranchMissing: the repository has no such branch.
    """
    head = repo.head(environment.branch)
    if head is None:
        raise BranchMissing(
            f"{environment.repo} has no branch {environment.branch!r}",
            where=f"environments.{environment.name}",
            hint="push the branch, or set `branch:` of the environment in tidegate.yaml",
        )
    return head


def read_declared(repo: GitOpsRepo, commit: str, environment: Environment, service: Service) -> DeclaredRelease | None:
    """Return what `environment` declares of `service` at `commit`; None when its folder has no HelmRelease.

    Raises:
        InvalidYaml: a file that may hold the HelmRelease is not YAML.
        ImageNotFound: there are HelmReleases, none with the service's image.
        ImageAmbiguous: the image is named in two files, or with two tags.
        YamlTooLarge: the image is named at more places than any release names one.
    """
    folder = environment.path.write(service.name)
    paths = [path for path in repo.files(commit, folder) if path.endswith((".yaml", ".yml"))]
    return parse_declared(repo.read(commit, paths), commit, environment, service)


def parse_declared(
    files: Mapping[str, bytes], commit: str, environment: Environment, service: Service
) -> DeclaredRelease | None:
    """Return what `files` (path → bytes, one folder) declare of `service`; see `read_declared`."""
    found: list[DeclaredRelease] = []
    releases: dict[str, bytes] = {}
    for path, data in sorted(files.items()):
        if b"HelmRelease" not in data:
            continue
        try:
            declared = _of_service(data, path, commit, environment, service)
        except NotHelmRelease:
            continue
        releases[path] = data
        if declared is not None:
            found.append(declared)
    if len(found) > 1:
        names = " and ".join(each.file for each in found)
        raise ImageAmbiguous(
            f"{service.image} stands in {names}",
            where=found[1].place,
            hint="keep one HelmRelease of a service in its folder",
        )
    if not found and releases:
        raise _no_image(releases, environment, service)
    return found[0] if found else None


def _no_image(releases: Mapping[str, bytes], environment: Environment, service: Service) -> ImageNotFound:
    """Return the error that says why no HelmRelease among `releases` (path → bytes) names the service's image."""
    for path, data in releases.items():
        for site in find_images(data, file=path):
            if site.name.partition("/")[2] == service.image:
                return ImageNotFound(
                    f"{site.reference!r} does not name an image with a tag",
                    where=Place(path, site.line),
                    hint="write the tag that is deployed; a template or an empty tag can't be promoted",
                )
    return ImageNotFound(
        f"no image {service.image!r} in the HelmRelease of {service.name} in {environment.name}",
        where=Place(next(iter(releases))),
        hint=f"set `services.{service.name}.image` to the repository that the HelmRelease names",
    )


def _holds_helm_release(data: bytes, path: str) -> bool:
    try:
        helm_releases(data, file=path)
    except NotHelmRelease:
        return False
    return True


def linked(repo: GitOpsRepo, commit: str, environment: Environment, service: Service) -> SymbolicLink | None:
    """Return the error for a symbolic link where the HelmRelease should be, or None; for when nothing was read there.

    Git keeps a link as the path that it points to. To follow it would be to read files that this rule is not for.
    """
    links = repo.links(commit, environment.path.write(service.name))
    file = next((path for path in links if path.endswith((".yaml", ".yml"))), next(iter(links), None))
    if file is None:
        return None
    return SymbolicLink(
        f"{file} is a symbolic link to {links[file]}, and links are not followed",
        where=Place(file),
        hint="put the HelmRelease itself there, or set the environment's `path:` in tidegate.yaml to where it is",
    )


def absence(repo: GitOpsRepo, commit: str, environment: Environment, service: Service) -> TidegateError:
    """Return the error that says why `read_declared` found nothing: no folder, a link, not YAML, or no HelmRelease."""
    link = linked(repo, commit, environment, service)
    if link is not None:
        return link
    folder = environment.path.write(service.name)
    paths = [path for path in repo.files(commit, folder) if path.endswith((".yaml", ".yml"))]
    if not paths:
        return NothingDeclared(
            f"{environment.name} has no HelmRelease of {service.name}",
            where=f"{environment.repo}: {folder}/",
            hint="check the environment's `path:` in tidegate.yaml, or put the HelmRelease there",
        )
    for path, data in sorted(repo.read(commit, paths).items()):
        try:
            _holds_helm_release(data, path)
        except TidegateError as error:
            return error
    return NotHelmRelease(
        f"no file of {service.name} in {environment.name} holds a HelmRelease",
        where=Place(paths[0]),
        hint="the folder of a service must hold its HelmRelease; check the environment's `path:` in tidegate.yaml",
    )


def _of_service(
    data: bytes, path: str, commit: str, environment: Environment, service: Service
) -> DeclaredRelease | None:
    sites = tuple(
        site
        for site in find_images(data, file=path)
        if site.image is not None and site.image.repository == service.image
    )
    images = {site.image: site for site in sites if site.image is not None}
    if not images:
        return None
    if len(sites) > _MOST_SITES:
        raise YamlTooLarge(
            f"the HelmRelease names the image of {service.name} at {len(sites)} places",
            where=Place(path),
            hint=f"name it at {_MOST_SITES} places at most",
        )
    if len(images) > 1:
        lines = " and ".join(f"{site.image} (line {site.line})" for site in images.values())
        raise ImageAmbiguous(
            f"the HelmRelease names the image of {service.name} differently: {lines}",
            where=Place(path, sites[-1].line),
            hint="make all of them name the same tag",
        )
    return DeclaredRelease(environment, service, commit, path, data, sites, next(iter(images)))


def stranded_images(
    pipeline: Pipeline, data: bytes, file: str, target: Environment, service: Service
) -> tuple[ImageSite, ...]:
    """Return other images in a manifest for `target` that name an account of the pipeline which is not the target's.

    Only the service's own image is made available; such an image would be pulled across accounts, or not at all.
    """
    hosts = {account.host for account in pipeline.registries.values()} - {target.registry.host}
    return tuple(
        site
        for site in find_images(data, file=file)
        if site.image is not None and site.image.host in hosts and site.image.repository != service.image
    )


@dataclass(frozen=True, slots=True)
class PastRelease:
    """A release that an environment has or had.

    Args:
        declared: what it declared.
        since: when it came (UTC).
        actor: who brought it, as the commit says.
        merge_request: the merge request that brought it, or None.
        until: when something else took its place (UTC); None: it is there.
        delivered: the digest that was delivered, as the commit recorded it; None where nothing recorded one.
    """

    declared: DeclaredRelease
    since: datetime
    actor: str
    merge_request: str | None
    until: datetime | None = None
    delivered: Digest | None = None


def recorded_digest(service: Service, commit: Commit) -> Digest | None:
    """Return the digest of `service` that a commit's trailers record, or None."""
    services = commit.trailers.get("Tidegate-Service", "").split(", ")
    digests = commit.trailers.get("Tidegate-Digest", "").split(", ")
    for name, digest in zip(services, digests, strict=False):
        if name == service.name:
            try:
                return Digest.parse(digest)
            except InvalidDigest:
                return None
    return None


def past_releases(repo: GitOpsRepo, declared: DeclaredRelease) -> Iterator[PastRelease]:
    """Yield the releases of `declared`'s environment, the present one first, each with when it came and went.

    A commit at which the file can't be read ends nothing: it is passed over.
    """
    service, file = declared.service, declared.file
    arrived: PastRelease | None = None
    ended: datetime | None = None
    known = declared
    for commit in repo.history(declared.commit, file, _HISTORY_DEPTH):
        try:
            data = repo.read(commit.id, [file]).get(file)
            before = _again(known, data, commit.id) if data else None
        except (UsageError, FileTooLarge):
            continue  # a broken manifest deployed nothing
        if arrived is not None and (before is None or before.image != arrived.declared.image):
            yield arrived
            ended, arrived = arrived.since, None
        if before is None:
            ended = commit.at
        else:
            known = before
            request = commit.trailers.get("Tidegate-Merge-Request")
            delivered = recorded_digest(service, commit)
            arrived = PastRelease(before, commit.at, commit.author, request, ended, delivered)
    if arrived is not None:
        yield arrived


def _again(known: DeclaredRelease, data: bytes, commit: str) -> DeclaredRelease | None:
    """Return what the file declared at another commit, where it held `data`; the same bytes are read once."""
    if data == known.data:
        return replace(known, commit=commit)
    return _of_service(data, known.file, commit, known.environment, known.service)
