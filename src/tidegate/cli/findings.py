"""How findings are printed: for people, for programs, and for the two forms that merge requests show."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from tidegate import __version__
from tidegate.cli.report import Cell, Report, Style, Table
from tidegate.engine.findings import Severity
from tidegate.model.json import Json

if TYPE_CHECKING:
    from tidegate.engine.findings import Finding, RuleText

SARIF_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_STYLES: Final = {Severity.ERROR: Style.BAD, Severity.WARNING: Style.WAIT}
_CODE_QUALITY: Final = {Severity.ERROR: "major", Severity.WARNING: "minor"}


def findings_report(findings: Iterable[Finding]) -> Report:
    """Return the findings as table, record and names (`project:file:line`). What is ignored is in the record only."""
    findings = tuple(findings)
    counted = [finding for finding in findings if finding.ignored is None]
    rows = tuple(
        (
            Cell(finding.severity.value, _STYLES[finding.severity]),
            finding.rule,
            f"{finding.project}: {finding.place}",
            f"{finding.what}; {finding.why}",
            finding.instead,
        )
        for finding in counted
    )
    records: list[Json] = [_record(finding) for finding in findings]
    names = tuple(f"{finding.project}:{finding.place}" for finding in counted)
    table = Table(("SEVERITY", "RULE", "WHERE", "WHAT, AND WHY IT BITES", "WRITE INSTEAD"), rows, empty="no findings")
    return Report(table, {"findings": records}, names)


def _record(finding: Finding) -> dict[str, Json]:
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "project": finding.project,
        "file": finding.place.file,
        "line": finding.place.line,
        "what": finding.what,
        "why": finding.why,
        "instead": finding.instead,
        "ignored": finding.ignored,
    }


def sarif(findings: Iterable[Finding], rules: Iterable[RuleText]) -> str:
    """Return a SARIF 2.1.0 log (OASIS, sections 3.13 to 3.35) with one run; what is ignored is suppressed there."""
    described: list[Json] = [
        {
            "id": rule.id,
            "shortDescription": {"text": rule.title},
            "fullDescription": {"text": rule.why},
            "help": {"text": f"Write instead: {rule.instead}"},
        }
        for rule in rules
    ]
    results: list[Json] = [_sarif_result(finding, mark) for finding, mark in _marked(findings)]
    driver: dict[str, Json] = {"name": "tidegate", "version": __version__, "rules": described}
    run: dict[str, Json] = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    log: dict[str, Json] = {"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False)


def _sarif_result(finding: Finding, mark: str) -> dict[str, Json]:
    location: dict[str, Json] = {
        "artifactLocation": {"uri": quote(finding.place.file)},
        "region": {"startLine": finding.place.line or 1},
    }
    result: dict[str, Json] = {
        "ruleId": finding.rule,
        "level": finding.severity.value,
        "message": {"text": f"{finding.what}: {finding.why}. Write instead: {finding.instead}"},
        "locations": [{"physicalLocation": location}],
        "partialFingerprints": {"tidegate/v1": mark},
        "properties": {"project": finding.project},
    }
    if finding.ignored is not None:
        result["suppressions"] = [{"kind": "external", "justification": finding.ignored}]
    return result


def code_quality(findings: Iterable[Finding]) -> str:
    """Return a report as GitLab's Code Quality reads it; what is ignored is left out."""
    report: list[Json] = [
        {
            "description": f"{finding.what}: {finding.why}. Write instead: {finding.instead}",
            "check_name": finding.rule,
            "fingerprint": mark,
            "severity": _CODE_QUALITY[finding.severity],
            "location": {"path": finding.place.file, "lines": {"begin": finding.place.line or 1}},
        }
        for finding, mark in _marked(findings)
        if finding.ignored is None
    ]
    return json.dumps(report, indent=2, ensure_ascii=False)


def _marked(findings: Iterable[Finding]) -> Iterator[tuple[Finding, str]]:
    """Yield each finding with a fingerprint that stays when lines move and differs between findings."""
    seen: Counter[str] = Counter()
    for finding in findings:
        text = f"{finding.rule}\n{finding.project}\n{finding.place.file}\n{finding.what}"
        seen[text] += 1
        yield finding, hashlib.sha256(f"{text}\n{seen[text]}".encode()).hexdigest()
