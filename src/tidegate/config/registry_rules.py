"""What the keys of a registry account must say about each other. Rules as in `rules`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from tidegate.config.tree import Block, Leaf, dotted, key_place
from tidegate.errors.config import Finding
from tidegate.model.ecr import PUBLIC_GALLERY, EcrHost

_USERNAMES: Final = ("username", "username_env")
_PASSWORDS: Final = ("password_env", "password_file")
_OF_AWS: Final = ("profile", "role_arn", "external_id", "web_identity_env")


def credentials_complete(tree: Block) -> Iterator[Finding]:
    """Credentials are one user name with one password, or an identity in AWS; not both, not a half."""
    for name, credentials in _sections(tree, "credentials"):
        key = dotted(("registries", name, "credentials"))
        place = key_place(tree, ("registries", name, "credentials"))
        users, passwords, aws = (_written(credentials, names) for names in (_USERNAMES, _PASSWORDS, _OF_AWS))
        if not users and not passwords and not aws:
            yield Finding(
                place, key, "says nothing", "e.g. {username: robot, password_env: PRD_PASSWORD}, or delete it"
            )
        elif aws and (users or passwords):
            what = f"{aws[0]} and {(users + passwords)[0]} exclude each other"
            yield Finding(credentials.keys[aws[0]], key, what, "a user with a password, or an identity in AWS")
        elif not aws and (len(users) != 1 or len(passwords) != 1):
            hint = "one of username and username_env, with one of password_env and password_file"
            yield Finding(place, key, "is not one user name with one password", hint)


def role_complete(tree: Block) -> Iterator[Finding]:
    """An external id and a web identity belong to a role; one that is taken with a web identity asks for no id."""
    for name, credentials in _sections(tree, "credentials"):
        for word in ("external_id", "web_identity_env"):
            if word in credentials.entries and "role_arn" not in credentials.entries:
                key = dotted(("registries", name, "credentials", word))
                what = f"{word} has a meaning only with role_arn"
                yield Finding(credentials.keys[word], key, what, "name the role, or delete it")
        if {"external_id", "web_identity_env", "role_arn"} <= credentials.entries.keys():
            key = dotted(("registries", name, "credentials", "external_id"))
            what = "external_id has no meaning with web_identity_env: AWS asks for none there"
            yield Finding(credentials.keys["external_id"], key, what, "delete one of them")


def aws_for_ecr(tree: Block) -> Iterator[Finding]:
    """An identity in AWS opens ECR, and nothing else; only there are repositories made."""
    for name, registry in tree.blocks("registries"):
        host = registry.text("host")
        if host is None or EcrHost.of(host.value) is not None:
            continue
        credentials = registry.block("credentials")
        for word in _written(credentials, _OF_AWS) if credentials else ():
            key = dotted(("registries", name, "credentials", word))
            place = key_place(tree, ("registries", name, "credentials", word))
            yield Finding(place, key, f"{host.value} is no ECR registry", "use username and password_env")
        if "repository" in registry.entries:
            key = dotted(("registries", name, "repository"))
            place = key_place(tree, ("registries", name, "repository"))
            what = f"{host.value} is no ECR registry: repositories appear there with the first push"
            yield Finding(place, key, what, "delete it")


def authority_is_asked(tree: Block) -> Iterator[Finding]:
    """An authority has a meaning where certificates are verified."""
    for name, registry in tree.blocks("registries"):
        insecure = registry.entries.get("insecure")
        if "ca_file" in registry.entries and isinstance(insecure, Leaf) and insecure.value is True:
            path = ("registries", name, "ca_file")
            what = "insecure: true verifies nothing, with this authority or without"
            yield Finding(key_place(tree, path), dotted(path), what, "delete insecure, or ca_file")


def repository_is_made(tree: Block) -> Iterator[Finding]:
    """How a repository is made has a meaning where repositories are made; a key where keys are used."""
    for name, registry in tree.blocks("registries"):
        repository, makes = registry.block("repository"), registry.entries.get("create_repositories")
        host = registry.text("host")
        if (
            host is not None
            and host.value.lower() == PUBLIC_GALLERY
            and isinstance(makes, Leaf)
            and makes.value is True
        ):
            path = ("registries", name, "create_repositories")
            what, hint = (
                "the public gallery's repositories are made by hand",
                "delete it; aws ecr-public create-repository",
            )
            yield Finding(key_place(tree, path), dotted(path), what, hint)
        if repository is None:
            continue
        path = ("registries", name, "repository")
        if not (isinstance(makes, Leaf) and makes.value is True):
            what = "has a meaning only with create_repositories: true"
            yield Finding(key_place(tree, path), dotted(path), what, "add it, or delete repository")
        encryption = repository.text("encryption")
        if "kms_key" in repository.entries and (encryption is None or not encryption.value.startswith("KMS")):
            what = "a KMS key has a meaning only with encryption: KMS or KMS_DSSE"
            yield Finding(key_place(tree, (*path, "kms_key")), dotted((*path, "kms_key")), what, "add it, or delete it")


def _sections(tree: Block, key: str) -> Iterator[tuple[str, Block]]:
    for name, registry in tree.blocks("registries"):
        section = registry.block(key)
        if section is not None:
            yield name, section


def _written(section: Block, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if name in section.entries)


REGISTRY_RULES: Final[tuple[Callable[[Block], Iterator[Finding]], ...]] = (
    credentials_complete,
    role_complete,
    aws_for_ecr,
    authority_is_asked,
    repository_is_made,
)
