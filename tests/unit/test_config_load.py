from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

import tidegate.cli.demo
from support.configs import SMALL, load_text
from tidegate.config import GitLabForge, Identity, LocalForge, ServerSettings, WebhookSecrets, load
from tidegate.errors import Place
from tidegate.errors.config import ConfigInvalid, ConfigMissing, ConfigUnreadable
from tidegate.model import (
    ApprovalRule,
    Carry,
    Deploy,
    Encryption,
    Environment,
    Gates,
    PathPattern,
    Promote,
    Ranges,
    RegistryAccount,
    RepositorySettings,
    Rewrite,
    Service,
    TagPattern,
)

EXAMPLE = Path(__file__).parents[2] / "examples" / "tidegate.yaml"
DEMO = Path(tidegate.cli.demo.__file__).parent / "files" / "tidegate.yaml"


def test_the_example_becomes_the_pipeline_of_the_design() -> None:
    configuration = load(EXAMPLE.parent, file=None, environ={})

    prd = RegistryAccount(
        "prd",
        "333333333333.dkr.ecr.eu-west-2.amazonaws.com",
        create_repositories=True,
        repository=RepositorySettings({"team": "platform"}, True, True, Encryption.KMS),  # noqa: FBT003 - one value
    )
    assert [one.name for one in configuration.pipeline.environments] == ["dev", "e2e", "staging", "production"]
    assert configuration.pipeline.environments[0].deploy is Deploy.AUTO
    assert configuration.pipeline.environment("production") == Environment(
        name="production",
        source="staging",
        registry=prd,
        repo="platform/gitops-production",
        path=PathPattern("apps/{service}"),
        tag=TagPattern("{version}"),
        branch="main",
        deploy=Deploy.MERGE_REQUEST,
        rewrite=Rewrite.ON_OPEN,
        approvals=ApprovalRule(2, ("group:platform/sre",), not_author=True, not_committers=True),
        gates=Gates(soak=timedelta(days=1)),
    )
    assert configuration.pipeline.services == {
        "inventory": Service(
            "inventory",
            "inventory",
            Carry.RELEASE,
            (("spec", "values", "replicaCount"), ("spec", "values", "ingress")),
            "team/inventory",
        )
    }
    assert configuration.forge == GitLabForge("https://gitlab.example.com")
    assert configuration.identity == Identity("Tidegate", "tidegate@example.com")


def test_relative_places_are_relative_to_the_file_not_to_the_caller(tmp_path: Path) -> None:
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    load_text(tmp_path, SMALL)

    configuration = load(below, file=None, environ={})

    assert configuration.file == tmp_path / "tidegate.yaml"
    assert configuration.pipeline.registries["dev"].endpoint == f"oci-layout:{tmp_path}/registries/dev"
    assert configuration.forge == LocalForge(tmp_path / "forge", None, {"ops": frozenset({"alice", "bob"})})


def test_how_ranges_move_and_which_rules_are_off(tmp_path: Path) -> None:
    text = SMALL.replace("deploy: auto", "deploy: auto, ranges: merge-request")
    pipeline = load_text(tmp_path, f"{text}policy: {{ignore: {{lanes-overlap: twins}}}}\n").pipeline
    assert pipeline.environments[0].ranges is Ranges.MERGE_REQUEST
    assert pipeline.ignored_rules == {"lanes-overlap": "twins"}
    plain = load_text(tmp_path, SMALL).pipeline
    assert (plain.environments[0].ranges, plain.ignored_rules) == (Ranges.COMMIT, {})


def test_who_opens_merge_requests_and_what_the_server_does(tmp_path: Path) -> None:
    text = SMALL.replace("from: dev", "from: dev, promote: auto")
    server = "{resync: 90s, workers: 2, webhooks: {gitlab_token_env: HOOK, registry_token_env: PUSHED}}"
    found = load_text(tmp_path, f"{text}server: {server}\n")
    assert found.pipeline.environments[1].promote is Promote.AUTO
    assert found.server == ServerSettings(timedelta(seconds=90), 2, WebhookSecrets("HOOK", None, "PUSHED"))
    plain = load_text(tmp_path, SMALL)
    assert plain.pipeline.environments[1].promote is Promote.MANUAL
    assert plain.server == ServerSettings(timedelta(minutes=5), 4, WebhookSecrets())


def test_how_many_requests_a_registry_is_sent_at_once(tmp_path: Path) -> None:
    registries = load_text(
        tmp_path, SMALL.replace('registries/dev"', 'registries/dev", requests: 3')
    ).pipeline.registries
    assert registries["dev"].requests == 3
    assert {account.requests for name, account in registries.items() if name != "dev"} == {None}


def test_defaults(tmp_path: Path) -> None:
    configuration = load_text(tmp_path, SMALL.replace("{image: team/inventory}", "{}"))

    live = configuration.pipeline.environment("live")
    assert live is not None
    assert (live.branch, live.tag, live.gates) == ("main", TagPattern("{version}"), Gates())
    assert live.approvals == ApprovalRule(1, ("group:ops",)), "naming approvers asks for one of them"
    assert configuration.pipeline.environments[0].approvals == ApprovalRule(0)
    assert configuration.identity == Identity("Tidegate", "tidegate@localhost")
    assert configuration.pipeline.services["inventory"].image == "inventory"


def test_environments_stand_in_order_of_flow_whatever_the_order_of_the_file(tmp_path: Path) -> None:
    lines = SMALL.splitlines(keepends=True)
    lines[6], lines[7] = lines[7], lines[6]
    assert [one.name for one in load_text(tmp_path, "".join(lines)).pipeline.environments] == ["dev", "live"]


def test_services_may_be_discovered(tmp_path: Path) -> None:
    head, _, _ = SMALL.partition("services:")
    found = load_text(tmp_path, f"{head}services: discover\n")
    assert (found.pipeline.discover, dict(found.pipeline.services)) == (True, {})
    assert found.origins["services"].value == "discover"
    none = load_text(tmp_path, f"{head}services: {{}}\n")
    assert (none.pipeline.discover, "services" in none.origins) == (False, False)


def test_an_anchor_gives_a_value_twice(tmp_path: Path) -> None:
    text = SMALL.replace("approvals: {from", "approvals: &strict {from") + "  b: {}\n"
    text = text.replace(
        "deploy: auto}", "deploy: auto}\n  x: {from: dev, registry: dev, repo: x, path: x, approvals: *a}"
    )
    text = text.replace("deploy: auto}", "deploy: auto, approvals: &a {count: 2}}")
    environment = load_text(tmp_path, text).pipeline.environment("x")
    assert environment is not None
    assert environment.approvals.count == 2


def test_a_byte_order_mark_and_windows_line_ends_are_no_matter(tmp_path: Path) -> None:
    data = b"\xef\xbb\xbf" + SMALL.replace("\n", "\r\n").encode()
    assert load_text(tmp_path, data).pipeline == load_text(tmp_path, SMALL).pipeline


@pytest.mark.parametrize("file", [EXAMPLE, DEMO])
def test_what_people_copy_lets_nobody_approve_their_own_change(file: Path) -> None:
    """Off by default, since a team of one could deliver nothing; on in what is taken as an example."""
    pipeline = load(file.parent, file=file, environ={}).pipeline
    rules = [environment.approvals for environment in pipeline.environments if environment.approvals.count]
    assert [(rule.not_author, rule.not_committers) for rule in rules] == [(True, True)] * 2


def test_every_value_tells_where_it_comes_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    origins = load_text(tmp_path, SMALL, {"TIDEGATE_REGISTRIES__PRD__INSECURE": "true"}).origins

    assert origins["registries.dev.host"].place == Place("tidegate.yaml", 4, 15)
    assert origins["registries.prd.insecure"].source == "TIDEGATE_REGISTRIES__PRD__INSECURE"
    assert origins["registries.prd.insecure"].shown == "true"
    assert origins["environments.live.branch"].source == "default"
    assert origins["environments.live.approvals.from"].shown == "[group:ops]"


def test_the_environment_overrides_one_key_and_leaves_its_neighbours(tmp_path: Path) -> None:
    text = SMALL.replace("  prd: {", "  pre-prod.eu: {").replace("registry: prd", "registry: pre-prod.eu")
    environ = {
        "TIDEGATE_REGISTRIES__PRE_PROD_EU__ENDPOINT": "http://127.0.0.1:5000",
        "TIDEGATE_REGISTRIES__PRE_PROD_EU__INSECURE": "TRUE",
        "TIDEGATE_REGISTRIES__PRE_PROD_EU__REQUESTS": "2",
        "TIDEGATE_SERVICES__INVENTORY__PATHS": "shop, libs/stock",
        "TIDEGATE_IDENTITY__NAME": "Robot 5",
    }
    configuration = load_text(tmp_path, text, environ)

    registry = configuration.pipeline.registries["pre-prod.eu"]
    assert (registry.endpoint, registry.insecure, registry.requests) == ("http://127.0.0.1:5000", True, 2)
    assert registry.host == "prd.example"
    assert configuration.pipeline.services["inventory"].paths == ("shop", "libs/stock")
    assert configuration.pipeline.services["inventory"].image == "team/inventory"
    assert configuration.identity == Identity("Robot 5", "tidegate@localhost")


@pytest.mark.parametrize(
    ("variable", "key"),
    [
        ("TIDEGATE_ENVIRONMENTS__LIVE__APPROVALS__COUNT", "environments.live.approvals.count"),
        ("TIDEGATE_ENVIRONMENTS__LIVE__APPROVALS", "environments.live.approvals"),
        ("TIDEGATE_ENVIRONMENTS__LIVE__GATES__SOAK", "environments.live.gates.soak"),
        # An environment without a rule, put where one with a rule lies: its folder may be written in another way.
        ("TIDEGATE_ENVIRONMENTS__DEV__PATH", "environments.dev.path"),
        ("TIDEGATE_ENVIRONMENTS__SIDE_DOOR__REPO", "environments.side_door.repo"),
        ("TIDEGATE_FORGE__GROUPS__OPS", "forge.groups.ops"),
        ("TIDEGATE_REGISTRIES__PRD__HOST", "registries.prd.host"),
        ("TIDEGATE_REGISTRIES__MINE__HOST", "registries.mine.host"),
    ],
)
def test_a_variable_sets_neither_where_releases_go_nor_who_must_agree(tmp_path: Path, variable: str, key: str) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        load_text(tmp_path, SMALL, {variable: "0"})
    (finding,) = caught.value.findings
    assert (str(finding.place), finding.key, finding.hint) == (
        variable,
        key,
        f"unset {variable}, and write the value in tidegate.yaml",
    )
    assert caught.value.exit_code == 2


def test_variables_of_other_uses_are_no_overrides(tmp_path: Path) -> None:
    environ = {
        "TIDEGATE_USER": "alice",
        "TIDEGATE_DEBUG": "1",
        "TIDEGATE_VERSION": "9",
        "TIDEGATE_CACHE": "/x",
        "TIDEGATE_REGISTRY_PRD_PASSWORD": "s3cret",
        "TIDEGATE___": "",
    }
    configuration = load_text(tmp_path, SMALL, environ)
    assert configuration.origins == load_text(tmp_path, SMALL).origins
    assert "s3cret" not in str(configuration)


def test_the_nearest_file_is_read_and_a_named_one_instead(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    load_text(tmp_path, SMALL)
    load_text(tmp_path / "deep", SMALL.replace("prd.example", "deep.example"))
    named = tmp_path / "named.yaml"
    named.write_text(SMALL.replace("prd.example", "named.example"))

    def host(file: Path | None, environ: dict[str, str]) -> str:
        return load(tmp_path / "deep", file=file, environ=environ).pipeline.registries["prd"].host

    assert host(None, {}) == "deep.example"
    assert host(None, {"TIDEGATE_CONFIG": "../tidegate.yaml"}) == "prd.example"
    assert host(named, {"TIDEGATE_CONFIG": "../tidegate.yaml"}) == "named.example"


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigMissing, match=r"no tidegate\.yaml here or in a folder above") as caught:
        load(tmp_path, file=None, environ={})
    assert "`tidegate init` writes one" in str(caught.value.hint), "an installed Tidegate has no examples/"
    with pytest.raises(ConfigMissing, match="no such file"):
        load(tmp_path, file=tmp_path / "nowhere.yaml", environ={})
    with pytest.raises(ConfigUnreadable, match="directory"):
        load(tmp_path, file=tmp_path, environ={})
