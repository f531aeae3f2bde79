"""The reference says what the program does."""

from __future__ import annotations

import importlib.util
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_reference", DOCS / "generate_reference.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["commands.md", "errors.md", "metrics.md", "policy-rules.md"])
def test_a_page_says_what_the_program_does(generator: ModuleType, name: str) -> None:
    written = (DOCS / "reference" / name).read_text(encoding="utf-8")
    assert written == generator.PAGES[name](), "run `make docs`"


def test_every_error_has_a_code_of_its_own(generator: ModuleType) -> None:
    codes = Counter(leaf.code for leaf in generator.leaves())
    assert [code for code, count in codes.items() if count > 1] == []
    assert all("/" in code and code == code.lower() for code in codes)


def test_every_error_says_what_it_means(generator: ModuleType) -> None:
    assert [leaf.__name__ for leaf in generator.leaves() if not (leaf.__doc__ or "").strip()] == []
