"""The keys of tidegate.yaml, with types, defaults and the words that editors show.

Only what one value can say for itself is checked here; what values say about each other is in `rules`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias

from pydantic import AfterValidator, Field, WrapValidator
from pydantic_core import CoreSchema, PydanticCustomError

if TYPE_CHECKING:  # costs 30 ms, and only `config schema` needs it
    from pydantic import GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue

from tidegate.config import grammar, registry_grammar
from tidegate.config.cluster_schema import ClusterSection
from tidegate.config.merge_request_schema import MergeRequestSection
from tidegate.config.registry_schema import RegistrySection
from tidegate.config.section import CUSTOM, Section, checked
from tidegate.config.server_schema import ServerSection

SUPPORTED_VERSION: Final = 1
DISCOVER: Final = "discover"


def _supported(number: int) -> int:
    if number != SUPPORTED_VERSION:
        raise PydanticCustomError(
            CUSTOM,
            "{what}",
            {
                "what": f"this Tidegate reads version {SUPPORTED_VERSION} of the file, not {number}",
                "hint": f"write version: {SUPPORTED_VERSION}, or install the Tidegate that the file is for",
            },
        )
    return number


Name: TypeAlias = Annotated[str, checked(grammar.name)]
Project: TypeAlias = Annotated[str, checked(grammar.project)]
User: TypeAlias = Annotated[str, checked(grammar.user)]


class ForgeSection(Section):
    """Where projects and merge requests are."""

    type: Literal["gitlab", "local"] = Field(description="gitlab, or local: merge requests kept in bare repositories.")
    url: Annotated[str, checked(grammar.repositories)] | None = Field(
        default=None,
        description="Address of GitLab; for a local forge, what its projects' repositories are below, by HTTP or SSH.",
        examples=["https://gitlab.example.com", "ssh://git@git.example.com/srv/git"],
    )
    path: str | None = Field(
        default=None, description="Folder of a local forge; relative to this file.", examples=["./forge"]
    )
    groups: dict[Project, list[User]] = Field(
        default={}, description="Groups of a local forge and their members.", examples=[{"platform/sre": ["alice"]}]
    )
    tokens: dict[Project, Annotated[str, checked(registry_grammar.variable)]] = Field(
        default={},
        description="GitLab: variables with tokens of projects that GITLAB_TOKEN is not for.",
        examples=[{"platform/gitops-staging": "STAGING_TOKEN"}],
    )
    merge_request: MergeRequestSection = Field(
        default=MergeRequestSection(),
        description="How merge requests are opened and merged; an environment's own keys go before these.",
    )


class IdentitySection(Section):
    """Who commits and merges."""

    name: Annotated[str, checked(grammar.person)] = Field(default="Tidegate", description="Name of the committer.")
    email: Annotated[str, checked(grammar.email)] = Field(
        default="tidegate@localhost", description="E-mail address of the committer."
    )


class ApprovalsSection(Section):
    """Whose approval a merge request needs."""

    count: int = Field(default=1, ge=0, le=100, description="How many people must approve.", examples=[1, 2])
    approvers: list[Annotated[str, checked(grammar.approver)]] = Field(
        default=[],
        alias="from",
        description="Who may approve: user:NAME or group:PATH. Nobody named: anyone.",
        examples=[["group:platform/sre"]],
    )
    not_author: bool = Field(default=False, description="The author's own approval does not count.")
    not_committers: bool = Field(default=False, description="Approvals of those who committed do not count.")
    code_owners: bool = Field(
        default=False, description="The code owners of the changed files must approve, too (GitLab Premium)."
    )


class GatesSection(Section):
    """Conditions besides approval."""

    soak: Annotated[str, checked(grammar.soak)] = Field(
        default="0s",
        description="How long a release must have been in the environment that it comes from.",
        examples=["90s", "24h", "7d"],
    )


class EnvironmentSection(Section):
    """One stop on the way. Its name is its key."""

    source: str | None = Field(
        default=None,
        alias="from",
        description="The environment that releases come from; none for the first.",
        examples=["dev"],
    )
    registry: str = Field(description="The registry account that its images are pulled from.", examples=["dev"])
    repo: Project = Field(description="The GitOps repository: a project path.", examples=["platform/gitops"])
    branch: Annotated[str, checked(grammar.branch)] = Field(default="main", description="The branch that Flux reads.")
    path: Annotated[str, checked(grammar.path)] = Field(
        description="Folder of a service in the repository.", examples=["clusters/dev/{service}"]
    )
    tag: Annotated[str, checked(grammar.tag)] = Field(
        default="{version}",
        description="How image tags are written; {n} counts candidates of one version.",
        examples=["{version}", "{version}-rc{n}"],
    )
    deploy: Literal["auto", "merge-request"] = Field(
        default="merge-request", description="auto: Flux's image automation moves it; else a merge request does."
    )
    promote: Literal["manual", "auto"] = Field(
        default="manual",
        description="auto: the server opens the merge request when its source has a new release and the gates pass.",
    )
    rewrite: Literal["on-open", "on-approval"] = Field(
        default="on-open", description="When the target's image comes into the merge request's manifest."
    )
    ranges: Literal["commit", "merge-request"] = Field(
        default="commit",
        description="With deploy: auto, how release, hold and sync change the ImagePolicy's range.",
    )
    approvals: ApprovalsSection = Field(
        default=ApprovalsSection(count=0), description="Whose approval a merge request needs. Left out: nobody's."
    )
    gates: GatesSection = Field(default=GatesSection(), description="Conditions besides approval.")
    merge_request: MergeRequestSection | None = Field(
        default=None,
        description="How its merge requests are opened and merged; what is left out is as under `forge`.",
        examples=[{"reviewers": ["alice"], "squash": True}],
    )
    cluster: ClusterSection | None = Field(
        default=None,
        description="Where Flux deploys it, so that the live version is shown. Left out: only what git declares is.",
        examples=[{"kubeconfig_env": "PRD_KUBECONFIG", "context": "prd", "namespaces": ["apps"]}],
    )


class ServiceSection(Section):
    """One service. Its name is its key."""

    image: Annotated[str, checked(grammar.image)] | None = Field(
        default=None,
        description="Repository of its image in every account; the service's name when left out.",
        examples=["team/inventory"],
    )
    carry: Literal["image", "release"] = Field(
        default="image", description="image: only the image moves; release: the HelmRelease is copied."
    )
    keep: list[Annotated[str, checked(grammar.keep)]] = Field(
        default=[],
        description="With carry: release, what stays as the target has it.",
        examples=[["spec.values.replicaCount", "spec.values.ingress"]],
    )
    source: Annotated[str, checked(grammar.source)] | None = Field(
        default=None,
        description="The application's git repository, for its version tags: project path or URL.",
        examples=["team/inventory"],
    )
    version_tags: Annotated[str, checked(grammar.version_tag)] = Field(
        default="{version}", description="How a version is written as a git tag.", examples=["v{version}"]
    )
    paths: list[Annotated[str, checked(grammar.source_path)]] = Field(
        default=[],
        description="Its folders and files in that repository, whose commits tell the next version; none: all of it.",
        examples=[["services/inventory", "libs/stock"]],
    )


class PolicySection(Section):
    """What `tidegate check` and `tidegate policy check` look for."""

    ignore: dict[Annotated[str, checked(grammar.rule)], Annotated[str, checked(grammar.reason)]] = Field(
        default={},
        description="Rules that are switched off, by id, each with a reason.",
        examples=[{"lanes-overlap": "two regions that run the same"}],
    )


class _OrDiscover:
    """In the JSON Schema: a mapping, or the word `discover`."""

    def __get_pydantic_json_schema__(  # pydantic's name
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        word = {"const": DISCOVER, "description": "Whatever has a HelmRelease below an environment's path."}
        return {"anyOf": [word, handler(schema)]}


def _no_discover(value: object, read: Any) -> dict[str, ServiceSection]:  # noqa: ANN401 # pydantic's handler
    if value == DISCOVER:
        return {}
    if not isinstance(value, dict):
        raise PydanticCustomError(
            CUSTOM,
            "{what}",
            {"what": "expected a mapping of services, or the word discover", "hint": f"services: {DISCOVER}"},
        )
    services: dict[str, ServiceSection] = read(value)
    return services


class Document(Section):
    """Tidegate's configuration, tidegate.yaml."""

    version: Annotated[int, AfterValidator(_supported)] = Field(
        description="Version of this file's form.", json_schema_extra={"const": SUPPORTED_VERSION}
    )
    forge: ForgeSection = Field(description="Where projects and merge requests are.")
    identity: IdentitySection = Field(default=IdentitySection(), description="Who commits and merges.")
    registries: dict[Name, RegistrySection] = Field(description="The registry accounts, by name.", min_length=1)
    environments: dict[Name, EnvironmentSection] = Field(
        description="The environments in order, by name; each flows from its `from`.", min_length=1
    )
    services: Annotated[dict[Name, ServiceSection], WrapValidator(_no_discover), _OrDiscover()] = Field(
        description="The services, by name; or discover."
    )
    policy: PolicySection = Field(default=PolicySection(), description="What the checks look for.")
    server: ServerSection = Field(default=ServerSection(), description="What `tidegate serve` does.")
