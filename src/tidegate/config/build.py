"""From the checked document to the model's values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from tidegate.config.cluster_schema import cluster_access
from tidegate.config.durations import duration
from tidegate.config.grammar import LAYOUT, keep_path
from tidegate.config.merge_request_schema import MergeRequestSection
from tidegate.config.registry_schema import CredentialsSection, RegistrySection, RepositorySection
from tidegate.config.schema import (
    DISCOVER,
    ApprovalsSection,
    Document,
    EnvironmentSection,
    ServiceSection,
)
from tidegate.config.server_build import server_settings
from tidegate.config.settings import (
    Configuration,
    ForgeSettings,
    GitLabForge,
    Identity,
    LocalForge,
    Origin,
)
from tidegate.config.tree import Block, dotted, node_at
from tidegate.config.tree import Path as KeyPath
from tidegate.model import (
    ApprovalRule,
    AwsIdentity,
    Carry,
    Deploy,
    Encryption,
    Environment,
    Gates,
    Login,
    MergeRequestOptions,
    PathPattern,
    Pipeline,
    Promote,
    Ranges,
    RegistryAccount,
    RepositorySettings,
    Rewrite,
    Service,
    TagPattern,
)
from tidegate.model.image import known_as


def build(document: Document, tree: Block, file: Path) -> Configuration:
    """Return the configuration.

    Args:
        document: checked by schema and rules.
        tree: what it was read from, for the origins.
        file: absolute path of the file; relative paths in it are relative to its folder.
    """
    accounts = {name: _account(name, section, file.parent) for name, section in document.registries.items()}
    environments = {
        name: _environment(name, one, accounts, document.forge.merge_request, file.parent)
        for name, one in document.environments.items()
    }
    pipeline = Pipeline(
        environments=tuple(_in_order(environments)),
        services={name: _service(name, section) for name, section in document.services.items()},
        registries=accounts,
        discover=_discovers(tree),
        ignored_rules=document.policy.ignore,
    )
    identity = Identity(document.identity.name, document.identity.email)
    return Configuration(
        pipeline=pipeline,
        forge=_forge(document, file.parent),
        identity=identity,
        file=file,
        origins=dict(_origins(document, tree)),
        server=server_settings(document.server, file.parent),
    )


def _discovers(tree: Block) -> bool:
    word = tree.text("services")
    return word is not None and word.value == DISCOVER


def _account(name: str, section: RegistrySection, folder: Path) -> RegistryAccount:
    endpoint = section.endpoint
    if endpoint is not None and endpoint.startswith(LAYOUT):
        endpoint = f"{LAYOUT}{(folder / endpoint.removeprefix(LAYOUT)).resolve()}"
    return RegistryAccount(
        name=name,
        host=known_as(section.host),
        endpoint=endpoint,
        insecure=section.insecure,
        ca_file=None if section.ca_file is None else (folder / section.ca_file).absolute(),
        create_repositories=section.create_repositories,
        requests=section.requests,
        follow=tuple(section.follow),
        credentials=None if section.credentials is None else _credentials(section.credentials, folder),
        repository=None if section.repository is None else _repository(section.repository),
    )


def _credentials(section: CredentialsSection, folder: Path) -> Login | AwsIdentity:
    if section.password_env is None and section.password_file is None:
        return AwsIdentity(section.profile, section.role_arn, section.external_id, section.web_identity_env)
    file = None if section.password_file is None else (folder / section.password_file).absolute()
    return Login(section.username, section.username_env, section.password_env, file)


def _repository(section: RepositorySection) -> RepositorySettings:
    return RepositorySettings(
        tags=dict(section.tags),
        scan_on_push=section.scan_on_push,
        immutable_tags=section.immutable_tags,
        encryption=None if section.encryption is None else Encryption(section.encryption),
        kms_key=section.kms_key,
    )


def _environment(
    name: str,
    section: EnvironmentSection,
    accounts: Mapping[str, RegistryAccount],
    usual: MergeRequestSection,
    folder: Path,
) -> Environment:
    return Environment(
        name=name,
        source=section.source,
        registry=accounts[section.registry],
        repo=section.repo,
        branch=section.branch,
        path=PathPattern(section.path),
        tag=TagPattern(section.tag),
        deploy=Deploy(section.deploy),
        rewrite=Rewrite(section.rewrite),
        approvals=_approvals(section.approvals),
        gates=Gates(soak=duration(section.gates.soak)),
        ranges=Ranges(section.ranges),
        merge_request=_merge_request(usual, section.merge_request),
        promote=Promote(section.promote),
        cluster=None if section.cluster is None else cluster_access(section.cluster, folder),
    )


def _merge_request(usual: MergeRequestSection, own: MergeRequestSection | None) -> MergeRequestOptions:
    """Return the options of an environment: its own keys, and the forge's where it has none."""
    named = own.model_fields_set if own else ()
    chosen = usual.model_copy(update={name: getattr(own, name) for name in named})
    return MergeRequestOptions(
        labels=tuple(chosen.labels),
        reviewers=tuple(chosen.reviewers),
        assignees=tuple(chosen.assignees),
        milestone=chosen.milestone,
        draft=chosen.draft,
        squash=chosen.squash,
        remove_source_branch=chosen.remove_source_branch,
        auto_merge=chosen.auto_merge,
        merge_train=chosen.merge_train,
        rebase=chosen.rebase,
    )


def _approvals(section: ApprovalsSection) -> ApprovalRule:
    return ApprovalRule(
        count=section.count,
        approvers=tuple(section.approvers),
        not_author=section.not_author,
        not_committers=section.not_committers,
        code_owners=section.code_owners,
    )


def _service(name: str, section: ServiceSection) -> Service:
    return Service(
        name=name,
        image=section.image or name,
        carry=Carry(section.carry),
        keep=tuple(map(keep_path, section.keep)),
        source=section.source,
        version_tags=section.version_tags,
        paths=tuple(section.paths),
    )


def _forge(document: Document, folder: Path) -> ForgeSettings:
    section = document.forge
    if section.type == "gitlab":
        return GitLabForge(section.url or "", section.tokens)
    path = None if section.path is None else (folder / section.path).resolve()
    return LocalForge(path, section.url, {group: frozenset(users) for group, users in section.groups.items()})


def _in_order(environments: Mapping[str, Environment]) -> Iterator[Environment]:
    """Yield each environment after the one it flows from, else in the file's order. There is no circle."""
    waiting = list(environments.values())
    done: set[str | None] = {None}
    while waiting:
        following = next(one for one in waiting if one.source in done)
        waiting.remove(following)
        done.add(following.name)
        yield following


def _origins(document: Document, tree: Block) -> Iterator[tuple[str, Origin]]:
    values = document.model_dump(by_alias=True)
    for name, service in values["services"].items():
        service["image"] = service["image"] or name
    for name, environment in document.environments.items():
        own = environment.merge_request
        values["environments"][name]["merge_request"] = own and own.model_dump(exclude_unset=True)
    if _discovers(tree):
        values["services"] = DISCOVER
    for path, value in _leaves(values, ()):
        node = node_at(tree, path)
        yield dotted(path), Origin(value, None if node is None else node.place)


def _leaves(value: object, path: KeyPath) -> Iterator[tuple[KeyPath, str | int | bool | tuple[str, ...]]]:
    match value:
        case dict():
            for key, item in value.items():
                yield from _leaves(item, (*path, str(key)))
        case list() if any(isinstance(item, dict) for item in value):
            for index, item in enumerate(value):
                yield from _leaves(item, (*path, index))
        case list():
            yield path, tuple(map(str, value))
        case str() | int():
            yield path, value
        case _:
            return  # None: the key is left out and has no default
