"""Find, read, override, check, build: the way from a folder to a configuration."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from tidegate.config.build import build
from tidegate.config.explain import explain
from tidegate.config.overrides import override
from tidegate.config.read import MAX_BYTES, read
from tidegate.config.rules import RULES
from tidegate.config.schema import Document
from tidegate.config.settings import Configuration
from tidegate.config.tree import Block, plain
from tidegate.errors.config import ConfigInvalid, ConfigMissing, ConfigUnreadable, Finding

FILE_NAME: Final = "tidegate.yaml"


def load(start: Path, *, file: Path | None, environ: Mapping[str, str]) -> Configuration:
    """Return the configuration that holds in a folder.

    Args:
        start: where to look for `tidegate.yaml`: there, or the nearest folder above.
        file: the file to read instead; None for `TIDEGATE_CONFIG` (relative to `start`), else to look.
        environ: environment variables; those of the form `TIDEGATE_FORGE__URL` win over the file, where they may.

    Raises:
        ConfigMissing: there is no file.
        ConfigUnreadable: the system does not let it be read.
        ConfigInvalid: something in it is wrong; holds every finding.
    """
    named = environ.get("TIDEGATE_CONFIG")
    if file is None:
        file = start / named if named else _nearest(start)
    file = file.absolute()
    return load_bytes(_bytes(file), file, environ)


def load_bytes(data: bytes, file: Path, environ: Mapping[str, str]) -> Configuration:
    """Return the configuration that `data` describes, as if it stood in `file` (absolute); raises `ConfigInvalid`.

    Args:
        data: what is, or will be, in the file.
        file: what paths in it are relative to; need not exist.
        environ: as for `load`.
    """
    tree, findings = read(data, _shown(file))
    tree, refused = override(tree, environ)
    findings = (*findings, *refused)
    try:
        document = Document.model_validate(plain(tree))
    except ValidationError as error:
        raise ConfigInvalid(_in_order((*findings, *explain(error, tree), *_broken_rules(tree)))) from error
    findings = (*findings, *_broken_rules(tree))
    if findings:
        raise ConfigInvalid(_in_order(findings))
    return build(document, tree, file)


def _broken_rules(tree: Block) -> tuple[Finding, ...]:
    return tuple(finding for rule in RULES for finding in rule(tree))


def _in_order(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return the findings in the file's order, those of environment variables after them."""
    return tuple(sorted(findings, key=lambda one: (one.place.line is None, one.place.line or 0, one.place.column or 0)))


def _nearest(start: Path) -> Path:
    here = start.absolute()
    for folder in (here, *here.parents):
        if (folder / FILE_NAME).is_file():
            return folder / FILE_NAME
    raise ConfigMissing(
        f"there is no {FILE_NAME} here or in a folder above",
        where=str(here),
        hint="`tidegate init` writes one that fits your repositories; or name one with --config or TIDEGATE_CONFIG",
    )


def _bytes(file: Path) -> bytes:
    """Return the file's bytes; of a file that is too large, just enough to tell."""
    try:
        with file.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise ConfigMissing(
            "there is no such file", where=_shown(file), hint="check --config and TIDEGATE_CONFIG"
        ) from error
    except OSError as error:
        raise ConfigUnreadable(
            f"can't be read: {error.strerror}", where=_shown(file), hint="check the file's rights"
        ) from error


def _shown(path: Path) -> str:
    """Return `path` as a person would open it: relative when it lies below the working directory."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
