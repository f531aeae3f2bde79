"""Findings in the forms that merge requests show."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from support.cli import tidegate
from support.report_schemas import CODE_QUALITY, SARIF
from tidegate.cli.findings import code_quality, findings_report, sarif
from tidegate.engine.check import POLICY
from tidegate.engine.findings import Finding, Severity
from tidegate.errors import Place

ERROR = Finding(
    "selects-nothing",
    Severity.ERROR,
    "platform/gitops",
    Place("clusters/dev/a b/policy.yaml", 11),
    "nothing",
    "why",
    "1.1.x",
)
WARNING = replace(ERROR, rule="lanes-overlap", severity=Severity.WARNING, place=Place("p.yaml"))
IGNORED = replace(ERROR, ignored="soon")
FINDINGS = (ERROR, ERROR, WARNING, IGNORED)


def test_the_schemas_are_schemas() -> None:
    Draft202012Validator.check_schema(SARIF)
    Draft202012Validator.check_schema(CODE_QUALITY)


def test_sarif_has_every_rule_and_suppresses_what_is_ignored() -> None:
    log: dict[str, Any] = json.loads(sarif(FINDINGS, POLICY.rules))
    Draft202012Validator(SARIF).validate(log)
    (run,) = log["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == [rule.id for rule in POLICY.rules]
    results = run["results"]
    assert [(each["ruleId"], each["level"]) for each in results] == [
        ("selects-nothing", "error"),
        ("selects-nothing", "error"),
        ("lanes-overlap", "warning"),
        ("selects-nothing", "error"),
    ]
    assert results[0]["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "clusters/dev/a%20b/policy.yaml"},
        "region": {"startLine": 11},
    }
    assert results[2]["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}
    assert ["suppressions" in each for each in results] == [False, False, False, True]
    assert results[3]["suppressions"] == [{"kind": "external", "justification": "soon"}]


def test_code_quality_leaves_out_what_is_ignored() -> None:
    report = json.loads(code_quality(FINDINGS))
    Draft202012Validator(CODE_QUALITY).validate(report)
    assert [(each["check_name"], each["severity"]) for each in report] == [
        ("selects-nothing", "major"),
        ("selects-nothing", "major"),
        ("lanes-overlap", "minor"),
    ]
    assert report[0]["location"] == {"path": "clusters/dev/a b/policy.yaml", "lines": {"begin": 11}}
    assert report[0]["description"] == "nothing: why. Write instead: 1.1.x"
    assert json.loads(code_quality(())) == []


def test_fingerprints_differ_and_stay_when_lines_move() -> None:
    moved = replace(ERROR, place=Place(ERROR.place.file, 99))
    marks = [each["fingerprint"] for each in json.loads(code_quality(FINDINGS))]
    assert len(set(marks)) == len(marks)
    assert json.loads(code_quality((moved,)))[0]["fingerprint"] == marks[0]
    other = replace(ERROR, project="platform/other")
    assert json.loads(code_quality((other,)))[0]["fingerprint"] != marks[0]


def test_people_see_what_counts_and_programs_see_all() -> None:
    report = findings_report(FINDINGS)
    assert len(report.table.rows) == 3
    assert report.names == ("platform/gitops:clusters/dev/a b/policy.yaml:11",) * 2 + ("platform/gitops:p.yaml",)
    records: Any = report.document["findings"]
    assert [each["ignored"] for each in records] == [None, None, None, "soon"]
    assert (ERROR.fails, WARNING.fails, IGNORED.fails) == (True, False, False)


@pytest.mark.parametrize("text", ["html=report.html", "sarif", "sarif="])
def test_a_report_to_save_is_a_format_and_a_file(text: str) -> None:
    refused = tidegate("check", "--save", text)
    assert refused.code == 2
    assert "is not written sarif=FILE or codequality=FILE" in refused.err
