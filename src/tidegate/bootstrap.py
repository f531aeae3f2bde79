"""The one place where adapters meet ports."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tidegate.config import Configuration, ForgeSettings, GitLabForge
from tidegate.engine.discovery import Known, with_discovered_services
from tidegate.engine.world import World
from tidegate.errors.config import RegistryUnknown
from tidegate.errors.release import SourceUnknown
from tidegate.git import Git, Identity, Mirrors, ProjectRemotes, Remote
from tidegate.gitops import GitVersionTags, MirroredRepos
from tidegate.model import ImageRef, Service
from tidegate.model.image import is_host, looks_like_host
from tidegate.ports import Clock, Forge, Reports, VersionTags

if TYPE_CHECKING:
    from tidegate.config.notify_settings import NotifyTarget
    from tidegate.engine.onboarding.seen import SeenProject
    from tidegate.http import Sender
    from tidegate.model.image_node import ImageNode
    from tidegate.model.registry_account import RegistryAccount
    from tidegate.ports.cluster import Cluster
    from tidegate.ports.messages import MessageTarget
    from tidegate.ports.telemetry import Telemetry
    from tidegate.registry.access import Access
    from tidegate.registry.images import RegistryImages
    from tidegate.registry.reach import Wrap

_APPLICATION: Final = "tidegate"


@contextmanager
def open_world(
    configuration: Configuration, environ: Mapping[str, str], clock: Clock, actor: str, *, partial: bool = False
) -> Iterator[World]:
    """Give the world that `configuration` describes; at the end, connections and git processes are closed.

    Args:
        environ: environment variables: credentials, proxies, `TIDEGATE_CACHE`.
        clock: what time it is.
        actor: who acts; "" where nothing is written.
        partial: a repository that can't be looked through for services is no error yet; see `World.undiscovered`.

    Raises:
        TokenMissing: what is configured as the forge's token holds none.
    """
    with open_worlds(configuration, environ, clock, actor, partial=partial) as new_world:
        yield new_world()


@contextmanager
def open_worlds(
    configuration: Configuration,
    environ: Mapping[str, str],
    clock: Clock,
    actor: str,
    *,
    partial: bool = False,
    telemetry: Telemetry | None = None,
    lasts: bool = False,
) -> Iterator[Callable[[], World]]:
    """Give what makes worlds, each of which sees repositories, groups and the forge anew; arguments as `open_world`.

    It may be called by many threads; a world is for one. What they share is safe for many: the mirrors, the registries
    with what is known of their blobs, and the connections. They are closed at the end.

    Args:
        telemetry: is told of requests to forge and registries and of git commands, or None.
        lasts: the process does: mirrors are looked after beside its work.
    """
    identity = Identity(configuration.identity.name, configuration.identity.email)
    remotes = _project_remotes(configuration.forge, environ)
    with ExitStack() as stack:
        git = _git(environ, telemetry)
        mirrors = stack.enter_context(Mirrors(git, cache_folder(environ), lasts=lasts))
        images = stack.enter_context(open_images(configuration, environ, telemetry))
        new_forge: Callable[[], tuple[Forge, Reports | None]]
        if isinstance(configuration.forge, GitLabForge):
            new_forge = stack.enter_context(_open_gitlab(configuration.forge, environ, clock, telemetry))
        else:
            from tidegate.forge.local import LocalForge

            local = LocalForge(remotes, mirrors, identity, clock, configuration.forge.groups)

            def new_forge() -> tuple[Forge, Reports | None]:
                return local, None

        clusters = stack.enter_context(_open_clusters(configuration, environ, clock))
        known: Known = {}

        def new_world() -> World:
            forge, reports = new_forge()
            world = World(
                pipeline=configuration.pipeline,
                images=images,
                repos=MirroredRepos(remotes, mirrors, identity, clock),
                forge=forge,
                clock=clock,
                actor=actor,
                version_tags=_sources(git, remotes, identity, clock),
                reports=reports,
                inspect=lambda image: _inspect(images, image),
                clusters=clusters,
            )
            return with_discovered_services(world, partial=partial, known=known) if world.pipeline.discover else world

        yield new_world


@contextmanager
def open_images(
    configuration: Configuration, environ: Mapping[str, str], telemetry: Telemetry | None = None
) -> Iterator[RegistryImages]:
    """Give the images in the registry accounts of `configuration`; at the end, connections are closed.

    Args:
        environ: environment variables: credentials, proxies, Docker's configuration.
        telemetry: is told of requests, or None.
    """
    from tidegate.registry.images import RegistryImages

    accounts = {account.host: account for account in configuration.pipeline.registries.values()}
    wrap = _told_of_registries(telemetry) if telemetry else None
    with RegistryImages(accounts, environment=environ, home=Path.home(), wrap=wrap) as images:
        yield images


def _told_of_registries(telemetry: Telemetry) -> Wrap:
    from tidegate.http.told import ToldOf
    from tidegate.ports.telemetry import Kind
    from tidegate.registry.requests import subject_of

    def wrap(account: RegistryAccount, sender: Sender) -> Sender:
        return ToldOf(sender, telemetry, Kind.REGISTRY, subject_of, account.name)

    return wrap


def _git(environ: Mapping[str, str], telemetry: Telemetry | None) -> Git:
    git = Git.find(environ)
    if telemetry is None:
        return git
    from tidegate.git.told import ToldOfGit

    return ToldOfGit(git, telemetry)


def _open_clusters(
    configuration: Configuration, environ: Mapping[str, str], clock: Clock
) -> AbstractContextManager[Mapping[str, Cluster]]:
    accesses = {each.name: each.cluster for each in configuration.pipeline.environments if each.cluster is not None}
    if not accesses:
        return nullcontext({})
    from tidegate.cluster.clusters import open_clusters

    return open_clusters(accesses, environ, Path.home(), clock)


def _inspect(images: RegistryImages, image: ImageRef) -> ImageNode:
    """Return what `image` consists of.

    Raises:
        ManifestMissing: there is no such image.
        HostNotConfigured: it is in no configured account.
    """
    from tidegate.registry.inspect import inspect_image
    from tidegate.registry.places import ImagePlace
    from tidegate.registry.tree import Home

    home = Home(images.registry(image.host), image.host, image.repository)
    return inspect_image(ImagePlace(home, image.tag, image.digest))


def registry_access(
    accounts: Mapping[str, RegistryAccount], environ: Mapping[str, str], names: Sequence[str], *, check: bool
) -> tuple[Access, ...]:
    """Return how we stand with registries.

    Args:
        accounts: the configured accounts, by name.
        environ: environment variables: credentials, proxies, Docker's configuration.
        names: of the accounts, or hosts; none means all accounts.
        check: ask each registry whether it accepts the credentials.

    Raises:
        RegistryUnknown: there is no account of that name, and it can't be a host.
    """
    from tidegate.http import Timeouts
    from tidegate.registry.access import access
    from tidegate.registry.places import AnyAccounts
    from tidegate.registry.reach import Reach

    hosts = AnyAccounts(accounts)
    for name in names:
        if name not in accounts and not (looks_like_host(name) and is_host(name)):
            hint = f"known: {', '.join(accounts) or 'none'}; or name a host as image references do, without http://"
            raise RegistryUnknown(f"there is no registry {name!r}", hint=hint)
    wanted = [accounts.get(name) or hosts[name] for name in names or accounts]
    with closing(Reach(environ, Path.home(), Timeouts())) as reach:
        return tuple(access(account, reach, check=check) for account in wanted)


def version_tags_of(
    service: Service | None, configuration: Configuration | None, folder: Path, environ: Mapping[str, str], clock: Clock
) -> VersionTags:
    """Return the version tags of a service's application repository, or of the checkout that holds `folder`.

    In a checkout of the service's own repository its HEAD is what gets tagged, elsewhere the head of the
    repository's default branch. Another repository's checkout, such as the GitOps repository with tidegate.yaml in
    it, is never tagged with a service's version.

    Args:
        service: the service; None for whatever the checkout is of.
        configuration: where the service stands; None without a service.

    Raises:
        SourceUnknown: there is no checkout, or it is of a repository that an environment is deployed from; and the
            service does not say where its source is.
    """
    committer = configuration.identity if configuration else None
    identity = Identity(committer.name, committer.email) if committer else Identity("Tidegate", "tidegate@localhost")
    git = Git.find(environ)
    here = next((each for each in (folder.absolute(), *folder.absolute().parents) if (each / ".git").exists()), None)
    checkout = GitVersionTags.at(git, str(here), identity, clock) if here else None
    if service is None or configuration is None or service.source is None:
        if checkout is None:
            raise _source_unknown(service)
        if service is not None and configuration is not None:
            _require_no_gitops_repository(checkout, service, configuration)
        return checkout
    source = _sources(git, _project_remotes(configuration.forge, environ), identity, clock)(service)
    return checkout if checkout is not None and checkout.remote.leads_to(source.remote) else source


def observe_projects(
    places: Sequence[str], forge: str | None, environ: Mapping[str, str], clock: Clock
) -> tuple[SeenProject, ...]:
    """Return what the repositories at `places` show; for `tidegate init`.

    Args:
        places: checkouts, bare repositories or addresses.
        forge: where their forge is, when the addresses don't tell.
        environ: environment variables: tokens, `TIDEGATE_CACHE`.
        clock: what time it is.

    Raises:
        ForgesDiffer: they are not all on one forge.
        InvalidProject, UnsafeRemote, BranchMissing: as their readers raise.
    """
    from tidegate.engine.onboarding.observe import observe
    from tidegate.errors.onboarding import ForgesDiffer
    from tidegate.forge.gitlab.remotes import GitLabRemotes
    from tidegate.forge.gitlab.tokens import Tokens
    from tidegate.gitops.projects import locate_project
    from tidegate.gitops.repos import MirroredRepo

    git = Git.find(environ)
    located = [locate_project(git, place, forge) for place in places]
    bases = dict.fromkeys(each.base for each in located)
    if len(bases) > 1:
        raise ForgesDiffer(
            f"the repositories are in several places: {', '.join(bases)}",
            hint="name those of one forge; when it is one all the same, say so with --forge",
        )
    seen = []
    with Mirrors(git, cache_folder(environ)) as mirrors:
        for each in located:
            over_http = each.remote.url.startswith("http") and each.remote.authorization is None
            remote = GitLabRemotes(each.base, Tokens(environ)).remote(each.path) if over_http else each.remote
            repo = MirroredRepo(mirrors.mirror(remote), Identity("Tidegate", "tidegate@localhost"), clock)
            repo.refresh()
            seen.append(observe(repo, each.base, each.path, repo.refs()))
    return tuple(seen)


def message_targets(targets: Sequence[NotifyTarget], environ: Mapping[str, str]) -> tuple[MessageTarget, ...]:
    """Return those whom the server tells; arguments and errors as `tidegate.notify.targets.message_targets`."""
    from tidegate.notify import targets as notify

    return notify.message_targets(targets, environ)


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Return where mirrors are kept: `TIDEGATE_CACHE`, or the user's cache folder. It can be deleted at any time."""
    named = environ.get("TIDEGATE_CACHE")
    if named:
        return Path(named)
    from platformdirs import user_cache_path

    return user_cache_path(_APPLICATION)


@contextmanager
def _open_gitlab(
    settings: GitLabForge, environ: Mapping[str, str], clock: Clock, telemetry: Telemetry | None
) -> Iterator[Callable[[], tuple[Forge, Reports]]]:
    from tidegate import __version__
    from tidegate.forge.gitlab import forge
    from tidegate.forge.gitlab.notes import StatusNotes
    from tidegate.forge.gitlab.reports import GitLabReports
    from tidegate.forge.gitlab.tokens import Tokens
    from tidegate.forge.gitlab.told import Told
    from tidegate.http import Client, Proxies, Trust

    authorities = environ.get("SSL_CERT_FILE")
    trust = Trust(Path(authorities) if authorities else None)
    with Client(f"tidegate/{__version__}", trust=trust, proxies=Proxies.of(environ)) as client:
        http = _told_of_forge(client, telemetry) if telemetry else client
        tokens = Tokens(environ, settings.tokens)
        told = Told(cache_folder(environ) / "told" / sha256(settings.url.encode()).hexdigest()[:16], clock)

        def new_forge() -> tuple[Forge, Reports]:
            notes = StatusNotes()
            reports = GitLabReports(settings.url, tokens, http, clock, told=told, notes=notes)
            return forge.GitLabForge(settings.url, tokens, http, clock, notes=notes), reports

        yield new_forge


def _told_of_forge(client: Sender, telemetry: Telemetry) -> Sender:
    from tidegate.forge.gitlab.requests import subject_of
    from tidegate.http.told import ToldOf
    from tidegate.ports.telemetry import Kind

    return ToldOf(client, telemetry, Kind.FORGE, subject_of)


def _project_remotes(forge: ForgeSettings, environ: Mapping[str, str]) -> ProjectRemotes:
    if isinstance(forge, GitLabForge):
        from tidegate.forge.gitlab.remotes import GitLabRemotes
        from tidegate.forge.gitlab.tokens import Tokens

        return GitLabRemotes(forge.url, Tokens(environ, forge.tokens))
    return ProjectRemotes(str(forge.path) if forge.path else forge.url or "")


def _sources(
    git: Git, remotes: ProjectRemotes, identity: Identity, clock: Clock
) -> Callable[[Service], GitVersionTags]:
    def tags_of(service: Service) -> GitVersionTags:
        if service.source is None:
            raise _source_unknown(service)
        is_project = ":" not in service.source and not service.source.startswith("/")
        place = remotes.remote(service.source) if is_project else Remote.parse(service.source)
        return GitVersionTags(git, place, None, identity, clock)

    return tags_of


def _source_unknown(service: Service | None) -> SourceUnknown:
    return SourceUnknown(
        f"nothing says where the source of {service.name} is" if service else "this is no git checkout",
        where=f"services.{service.name}" if service else None,
        hint="set `source:` of the service to the application's repository, or run it in a checkout",
    )


def _require_no_gitops_repository(checkout: GitVersionTags, service: Service, configuration: Configuration) -> None:
    """Raise SourceUnknown for a checkout of what an environment is deployed from: its commits are no builds."""
    forge = configuration.forge
    remotes = ProjectRemotes(forge.url if isinstance(forge, GitLabForge) else str(forge.path or forge.url or ""))
    for environment in configuration.pipeline.environments:
        if checkout.remote.leads_to(remotes.remote(environment.repo)):
            raise SourceUnknown(
                f"this is a checkout of {environment.repo}, which {environment.name} is deployed from, "
                f"and nothing says that the source of {service.name} is in it",
                where=f"services.{service.name}",
                hint="run it in a checkout of the application's repository, or set `source:` of the service to it",
            )
