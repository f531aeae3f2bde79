from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from support.configs import SMALL, load_text
from tidegate.errors.config import ConfigInvalid, Finding


def findings(folder: Path, text: str | bytes, environ: dict[str, str] | None = None) -> tuple[Finding, ...]:
    with pytest.raises(ConfigInvalid) as caught:
        load_text(folder, text, environ)
    return caught.value.findings


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is written into SMALL instead of what, and the finding that must come of it, at the text `at`."""

    right: str
    wrong: str
    key: str
    at: str
    what: str
    hint: str | None


MISTAKES = [
    Mistake("prd: {host:", "prd: {hots:", "registries.prd.hots", "hots", "no such key", "did you mean host?"),
    Mistake(
        "version: 1", "version: '1'", "version", "'1'", "expected a whole number, got the text '1'", "without quotes"
    ),
    Mistake("version: 1", "version: 7", "version", "7", "reads version 1 of the file, not 7", "version: 1"),
    Mistake("version: 1", "version: true", "version", "true", "expected a whole number, got true", None),
    Mistake("version: 1\n", "\n", "version", "forge", "this key is missing", "Version of this file's form"),
    Mistake("path: ./forge", "path: [a]", "forge.path", "[a]", "expected text, got a list", None),
    Mistake("type: local", "type: locl", "forge.type", "locl", "expected gitlab or local", "did you mean local?"),
    Mistake(
        "dev.example", "1.10", "registries.dev.host", "1.10", "expected text, got the number 1.1", "put it in quotes"
    ),
    Mistake("prd.example", "prd.example, insecure: yes", "registries.prd.insecure", "yes", "true or false", None),
    Mistake(
        "[alice, bob]", "alice", "forge.groups.ops", "alice", "expected a list, got the text 'alice'", "[one, two]"
    ),
    Mistake(
        "{host: prd.example}",
        "prd.example",
        "registries.prd",
        "prd.example",
        "expected a mapping",
        "its keys: host, endpoint",
    ),
    Mistake(
        "deploy: auto",
        "deploy: atuo",
        "environments.dev.deploy",
        "atuo",
        "expected auto or merge",
        "did you mean auto?",
    ),
    Mistake(
        "{image: team/inventory}", "~", "services.inventory", "~", "expected a mapping, got nothing", "image, carry"
    ),
    Mistake("approvals: {", "approvals: {count: -1, ", "environments.live.approvals.count", "-1", "0 or more", None),
    Mistake(
        "approvals: {", "approvals: {count: 101, ", "environments.live.approvals.count", "101", "100 or less", None
    ),
    Mistake(
        "dev.example", "https://dev.example", "registries.dev.host", "https", "not a registry host", "without https://"
    ),
    Mistake(
        "oci-layout:./registries/dev",
        "oci-layout:",
        "registries.dev.endpoint",
        '"oci-layout:"',
        "folder is missing",
        None,
    ),
    Mistake(
        "oci-layout:./registries/dev",
        "ftp://x",
        "registries.dev.endpoint",
        '"ftp://x"',
        "not an http or https URL",
        None,
    ),
    Mistake(
        "oci-layout:./registries/dev",
        "http://x:99999",
        "registries.dev.endpoint",
        '"http://x:99999"',
        "not a URL",
        None,
    ),
    Mistake(
        "oci-layout:./registries/dev",
        "http://u:pw@x",
        "registries.dev.endpoint",
        '"http://u:pw@x"',
        "URL with a password",
        None,
    ),
    Mistake("platform/live", "../live", "environments.live.repo", "../live", "not a project path", "without .."),
    Mistake("platform/live", "/live", "environments.live.repo", "/live", "not a project path", None),
    Mistake("platform/live", "-oProxy", "environments.live.repo", "-oProxy", "not a project path", None),
    Mistake('"apps/{service}"', '"/apps"', "environments.live.path", '"/apps"', "stay inside the repository", None),
    Mistake('"apps/{service}"', '"a/../b"', "environments.live.path", '"a/../b"', "stay inside the repository", None),
    Mistake('"apps/{service}"', '"a/{name}"', "environments.live.path", '"a/{name}"', "placeholder", "{service}"),
    Mistake("deploy: auto", 'tag: "x"', "environments.dev.tag", '"x"', "must hold {version} once", None),
    Mistake("deploy: auto", 'branch: "-x"', "environments.dev.branch", '"-x"', "not a branch name", "e.g. main"),
    Mistake("group:ops", "ops", "environments.live.approvals.from[0]", '"ops"', "names no approver", "group:PATH"),
    Mistake(
        "group:ops", "group:opss", "environments.live.approvals.from[0]", '"group:opss"', "no group 'opss'", "mean ops?"
    ),
    Mistake("approvals: {", "gates: {soak: 1 day}, approvals: {", "environments.live.gates.soak", "1", "length", "24h"),
    Mistake(
        "team/inventory", "Team/x:1", "services.inventory.image", "Team/x", "not an image repository", "without host"
    ),
    Mistake(
        "team/inventory",
        "x, source: 'ext::sh -c id'",
        "services.inventory.source",
        "'ext::sh -c id'",
        "no git repository",
        None,
    ),
    Mistake(
        "team/inventory",
        "x, source: 'ssh://-oX/y'",
        "services.inventory.source",
        "'ssh://-oX/y'",
        "no git repository",
        None,
    ),
    Mistake("team/inventory", "x, source: 'ssh://-o@h/y'", "services.inventory.source", "'ssh", "no git repo", None),
    Mistake(
        "team/inventory",
        "x, source: 'https://a:b@c/d'",
        "services.inventory.source",
        "'https://a:b@c/d'",
        "a password",
        None,
    ),
    Mistake("team/inventory", "x, version_tags: v1", "services.inventory.version_tags", "v1", "git tags", "{version}"),
    Mistake("team/inventory", "x, paths: a", "services.inventory.paths", "a", "expected a list", "[one, two]"),
    Mistake("team/inventory", "x, paths: [a, ../b]", "services.inventory.paths[1]", "../b", "not a path", "from the"),
    Mistake("team/inventory", "x, paths: [/a]", "services.inventory.paths[0]", "/a", "not a path", "from the root"),
    Mistake("inventory: {", "In ventory: {", "services.In ventory", "In", "is not a name", "lower-case"),
    Mistake("prd:", "../prd:", 'registries."../prd"', "../prd", "is not a name", None),
    Mistake("bob]", '"b\\e[31m"]', "forge.groups.ops[1]", '"b\\e[31m"', "not a user name", None),
    Mistake("prd.example", "DEV.example", "registries.prd.host", "DEV.example", "the host of dev, too", "one registry"),
    Mistake("registry: prd", "registry: prod", "environments.live.registry", "prod", "no registry 'prod'", "mean prd?"),
    Mistake("from: dev", "from: dve", "environments.live.from", "dve", "no environment 'dve'", "did you mean dev?"),
    Mistake("from: dev, ", "", "environments.live", "live", "neither has dev", "add from: dev"),
    Mistake(
        "{registry: dev,", "{from: live, registry: dev,", "environments.dev.from", "live", "dev → live → dev", "no from"
    ),
    Mistake("team/inventory", "x, keep: [a]", "services.inventory.keep", "[a]", "only with carry: release", None),
    Mistake("from: dev", "ranges: commit, from: dev", "environments.live.ranges", "commit", "only with deploy", None),
    Mistake("deploy: auto", "deploy: auto, promote: auto", "environments.dev.promote", "auto", "first environ", "from"),
    Mistake(
        "from: dev",
        "promote: auto, deploy: auto, from: dev",
        "environments.live.promote",
        "auto",
        "automation moves it",
        "deploy: merge-request",
    ),
    Mistake("version: 1", "version: 1\nserver: {resync: 0s}", "server.resync", "0s", "without a pause", "resync: 5m"),
    Mistake(
        "version: 1",
        "version: 1\nserver: {webhooks: {gitlab_token_env: s3cret}}",
        "server.webhooks.gitlab_token_env",
        "s3cret",
        "not the name of a variable",
        "the secret itself never",
    ),
    Mistake(
        "version: 1", "version: 1\npolicy: {ignore: {x-y: ' '}}", "policy.ignore.x-y", "' '", "reason is missing", None
    ),
    Mistake("version: 1", "version: 1\npolicy: {ignore: {X: y}}", "policy.ignore.X", "X", "not the id of a rule", None),
    Mistake("path: ./forge, ", "", "forge", "local", "either path or url", "./forge"),
    Mistake("path: ./forge", "url: 'ext::id'", "forge.url", "'ext", "no URL of git repositories", "git@host:folder"),
    Mistake("path: ./forge", "url: 'git@host:-x'", "forge.url", "'git", "no URL of git repositories", None),
    Mistake("path: ./forge", "url: 'ssh://host/-x'", "forge.url", "'ssh", "no git repository", "ssh://"),
    Mistake("path: ./forge", "url: 'http://a:b@host'", "forge.url", "'http", "a password", "credential helper"),
    Mistake("path: ./forge", "url: 'http://host?a=b'", "forge.url", "'http", "more than host and path", None),
    Mistake("path: ./forge", "path: x, url: http://x", "forge", "local", "either path or url", None),
    Mistake("  prd:", "  dev:", "registries.dev", "dev", "stands twice; first at", "delete or rename"),
    Mistake("  live:", "  dev:", "environments.dev", "dev", "environment 'dev' stands twice", None),
    Mistake("local", "!mine local", "forge.type", "!mine", "the YAML tag '!mine' has no meaning", "delete it"),
    Mistake("  prd:", "  [prd]:", "registries", "[prd]", "expected a plain key", "name before the colon"),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: f"{mistake.key}: {mistake.what}")
def test_a_mistake(tmp_path: Path, mistake: Mistake) -> None:
    text = SMALL.replace(mistake.right, mistake.wrong, 1)
    (found,) = (one for one in findings(tmp_path, text) if mistake.what in one.what)
    line = text.splitlines()[(found.place.line or 0) - 1]
    assert found.key == mistake.key
    assert line[(found.place.column or 0) - 1 :].startswith(mistake.at)
    assert mistake.hint is None or mistake.hint in (found.hint or "")


def test_all_mistakes_come_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = SMALL.replace("version: 1", "version: one").replace("registry: prd", "registry: prod")
    text = text.replace("from: dev", "from: live").replace("inventory: {image", "inventory: {imagee")
    assert [one.key for one in findings(tmp_path, text)] == [
        "version",
        "environments.live.from",
        "environments.live.registry",
        "services.inventory.imagee",
    ]


def test_more_approvals_than_people(tmp_path: Path) -> None:
    text = SMALL.replace('{from: ["group:ops"]}', '{count: 3, from: ["user:a", "user:b", "user:b"]}')
    (found,) = findings(tmp_path, text)
    assert (found.key, found.what) == ("environments.live.approvals.count", "3 must approve, and 2 may")


def test_two_environments_in_one_folder(tmp_path: Path) -> None:
    text = SMALL.replace("platform/live", "platform/gitops, branch: main").replace("apps/", "clusters/dev/")
    (found,) = findings(tmp_path, text)
    assert (found.key, found.what) == ("environments.live.path", "dev has the same repo, branch and path")


def test_a_long_circle_is_told_once(tmp_path: Path) -> None:
    more = "  a: {from: b, registry: dev, repo: a, path: a}\n  b: {from: c, registry: dev, repo: b, path: b}\n"
    more += "  c: {from: a, registry: dev, repo: c, path: c}\n  d: {from: a, registry: dev, repo: d, path: d}\n"
    (found,) = findings(tmp_path, SMALL.replace("services:", f"{more}services:"))
    assert (found.key, found.what) == ("environments.a.from", "goes in a circle: a → c → b → a")


def test_gitlab_needs_a_url_and_knows_no_groups_here(tmp_path: Path) -> None:
    text = SMALL.replace("type: local", "type: gitlab")
    assert [(one.key, one.place.column) for one in findings(tmp_path, text)] == [
        ("forge.url", 8),
        ("forge.path", 23),
        ("forge.groups", 38),
    ]


def test_gitlab_is_not_behind_ssh(tmp_path: Path) -> None:
    text = SMALL.replace("type: local, path: ./forge, groups: {ops: [alice, bob]}", "type: gitlab, url: ssh://git@host")
    assert text != SMALL
    assert [(one.key, one.what) for one in findings(tmp_path, text)] == [
        ("forge.url", "GitLab's address is an http or https URL")
    ]


def test_control_characters_are_told_by_place_and_never_written_out(tmp_path: Path) -> None:
    text = SMALL.replace("type: local,", 'type: local, url: "http://x/\\e[2J",').replace("  prd:", '  "p\\u202ed":')
    for finding in findings(tmp_path, text):
        assert finding.what.isprintable()
    told = [one for one in findings(tmp_path, text) if "has a control character" in one.what]
    assert [one.key for one in told] == ["forge.url", "registries.p\u202ed"]
    assert told[1].place.column == 3


def test_a_wrong_variable_is_named_as_the_place(tmp_path: Path) -> None:
    environ = {
        "TIDEGATE_FORGE__GRUOPS__OPS": "x",
        "TIDEGATE_REGISTRIES__PRD__REQUESTS": "many",
        "TIDEGATE_IDENTITY__NAME": "a\x1bb",
    }
    first, *rest = findings(tmp_path, SMALL.replace("version: 1", "version: x"), environ)
    assert first.key == "version", "the file's own mistakes come first"
    assert {str(one.place): (one.key, one.hint) for one in rest} == {
        "TIDEGATE_FORGE__GRUOPS__OPS": ("forge.gruops", "did you mean groups?"),
        "TIDEGATE_IDENTITY__NAME": ("identity.name", "delete it"),
        "TIDEGATE_REGISTRIES__PRD__REQUESTS": ("registries.prd.requests", None),
    }


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "the file is empty"),
        (b"# nothing\n", "the file is empty"),
        (b"--- \n", "the file is empty"),
        (b"- a\n", "expected a mapping of keys and values"),
        (b"text\n", "expected a mapping of keys and values"),
        (b"a: [\n", "not YAML"),
        (b"a: \xff\n", "not UTF-8"),
        (b"a: \x00\n", "U+0000"),
        (b"a: 1\n---\nb: 2\n", "a second YAML document"),
        (b"a: *nowhere\n", "nowhere"),
        (b"#" * (1024 * 1024 + 1), "larger than 1,048,576 bytes"),
        (b"[" * 1000, "deeper than"),
    ],
)
def test_what_is_no_configuration_at_all(tmp_path: Path, data: bytes, what: str) -> None:
    (found,) = findings(tmp_path, data)
    assert what in found.what


def test_an_alias_bomb_is_bounded(tmp_path: Path) -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    lines += [
        f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]"
        for before, name in zip("abcdefghi", "bcdefghij", strict=True)
    ]
    (found,) = findings(tmp_path, "\n".join(lines))
    assert "expands to more than 50,000 values" in found.what


def test_a_tower_of_aliases_is_bounded(tmp_path: Path) -> None:
    lines = ["a0: &a0 x", *(f"a{n}: &a{n} {'[' * 90}*a{n - 1}{']' * 90}" for n in range(1, 30))]
    (found,) = findings(tmp_path, "\n".join(lines))
    assert "deeper than 100 levels" in found.what


GITLAB = SMALL.replace(
    "type: local, path: ./forge, groups: {ops: [alice, bob]}", "type: gitlab, url: https://gitlab.example.com"
)


@pytest.mark.parametrize(
    ("text", "written", "what"),
    [
        (SMALL, "code_owners: true", "a local forge knows no code owners"),
        (GITLAB, "count: 0, code_owners: true", "count is 0: nobody has to approve"),
    ],
)
def test_code_owners_that_nobody_can_tell_or_ask_for(tmp_path: Path, text: str, written: str, what: str) -> None:
    (finding,) = findings(tmp_path, text.replace('from: ["group:ops"]', f'from: ["group:ops"], {written}'))
    assert (finding.key, finding.what) == ("environments.live.approvals.code_owners", what)


def test_code_owners_on_gitlab(tmp_path: Path) -> None:
    for written in ("true", "false"):
        text = GITLAB.replace('from: ["group:ops"]', f'from: ["group:ops"], code_owners: {written}')
        live = load_text(tmp_path, text).pipeline.environments[-1]
        assert live.approvals.code_owners is (written == "true")
