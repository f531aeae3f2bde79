"""The one place where adapters meet ports."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from tidegate.config import Configuration, GitLabForge
from tidegate.engine.discovery import with_discovered_services
from tidegate.engine.world import World
from tidegate.errors.config import ForgeUnsupported
from tidegate.errors.release import SourceUnknown
from tidegate.git import Git, Identity, Mirrors, ProjectRemotes
from tidegate.gitops import GitVersionTags, MirroredRepos
from tidegate.model import Service
from tidegate.ports import Clock, VersionTags

_APPLICATION: Final = "tidegate"


@contextmanager
def open_world(configuration: Configuration, environ: Mapping[str, str], clock: Clock, actor: str) -> Iterator[World]:
    """Give the world that `configuration` describes; at the end, connections and git processes are closed.

    Args:
        environ: environment variables: credentials, proxies, `TIDEGATE_CACHE`.
        clock: what time it is.
        actor: who acts; "" where nothing is written.

    Raises:
        ForgeUnsupported: this version has no adapter for the configured forge.
    """
    from tidegate.forge.local import LocalForge
    from tidegate.registry import RegistryImages

    identity = Identity(configuration.identity.name, configuration.identity.email)
    forge = configuration.forge
    if isinstance(forge, GitLabForge):
        raise ForgeUnsupported(
            "the forge type gitlab is not supported yet",
            where=str(configuration.file),
            hint="use forge: {type: local, path: …} for now",
        )
    remotes = ProjectRemotes(str(forge.path) if forge.path else forge.url or "")
    with ExitStack() as stack:
        git = Git.find(environ)
        mirrors = stack.enter_context(Mirrors(git, cache_folder(environ)))
        images = stack.enter_context(
            RegistryImages(
                {account.host: account for account in configuration.pipeline.registries.values()},
                environment=environ,
                home=Path.home(),
            )
        )
        world = World(
            pipeline=configuration.pipeline,
            images=images,
            repos=MirroredRepos(remotes, mirrors, identity, clock),
            forge=LocalForge(remotes, mirrors, identity, clock, forge.groups),
            clock=clock,
            actor=actor,
            version_tags=_sources(git, remotes, identity, clock),
        )
        yield with_discovered_services(world) if configuration.pipeline.discover else world


def checkout_tags(
    folder: Path, identity: tuple[str, str], environ: Mapping[str, str], clock: Clock
) -> VersionTags | None:
    """Return the version tags of the git checkout that holds `folder`; None when it is in no checkout."""
    found = next((each for each in (folder.absolute(), *folder.absolute().parents) if (each / ".git").exists()), None)
    if found is None:
        return None
    return GitVersionTags.at(Git.find(environ), str(found), Identity(*identity), clock)


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Return where mirrors are kept: `TIDEGATE_CACHE`, or the user's cache folder. It can be deleted at any time."""
    named = environ.get("TIDEGATE_CACHE")
    if named:
        return Path(named)
    from platformdirs import user_cache_path

    return user_cache_path(_APPLICATION)


def _sources(git: Git, remotes: ProjectRemotes, identity: Identity, clock: Clock) -> Callable[[Service], VersionTags]:
    def tags_of(service: Service) -> VersionTags:
        if service.source is None:
            raise SourceUnknown(
                f"nothing says where the source of {service.name} is",
                where=f"services.{service.name}",
                hint="set `source:` to the application's repository, or run it in a checkout",
            )
        is_project = "://" not in service.source and ":" not in service.source and not service.source.startswith("/")
        place = remotes.remote(service.source).url if is_project else service.source
        return GitVersionTags.at(git, place, identity, clock)

    return tags_of
