"""Backticks on pages."""

from __future__ import annotations

import pytest

from tidegate.server.pages.coded import coded


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("open one with `tidegate promote a --to b`", "open one with <code>tidegate promote a --to b</code>"),
        ("`a` and `b`", "<code>a</code> and <code>b</code>"),
        ("no end `of it", "no end `of it"),
        ("<b> `<i>` & `", "&lt;b&gt; <code>&lt;i&gt;</code> &amp; `"),
        ("", ""),
    ],
)
def test_what_stands_in_backticks_is_code_and_nothing_is_html(text: str, html: str) -> None:
    assert coded(text) == html
