"""What README and tutorial show is what a person sees."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.cli import tidegate
from support.demo_runs import finish, start
from support.docker_registry import DockerRegistry
from support.documents import blocks, commands, first_missing

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
FIRST_SCREEN = 80


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Return where the demo was played, and what it printed."""
    root = tmp_path_factory.mktemp("readme")
    code, out, err = finish(start(root))
    assert code == 0, out + err
    return root, out


def test_the_first_screen_has_the_two_commands_and_the_demos_end() -> None:
    head = README.splitlines()[:FIRST_SCREEN]
    for line in ("make demo ", "make test ", "    tidegate -C demo status"):
        assert any(each.startswith(line) for each in head), line


def test_readme_shows_what_the_demo_prints(demo: tuple[Path, str]) -> None:
    (shown,) = blocks(README, "console")
    assert first_missing(shown.splitlines(), demo[1]) is None


def test_every_line_of_the_tutorial_works(demo: tuple[Path, str], tmp_path: Path) -> None:
    _try_out((ROOT / "docs/tutorial.md").read_text(), demo[0] / "demo", tmp_path)


def test_every_line_about_carrying_images_works(demo: tuple[Path, str], tmp_path: Path) -> None:
    page = (ROOT / "docs/how-to/carry-images.md").read_text()
    with DockerRegistry(tmp_path / "registry") as here, DockerRegistry(tmp_path / "site") as there:
        page = page.replace("registry.example.com", here.host).replace("registry.site.example.com", there.host)
        _try_out(page, demo[0] / "demo", tmp_path)


def test_the_smallest_configuration_is_enough_for_images(tmp_path: Path) -> None:
    (file,) = blocks((ROOT / "docs/how-to/carry-images.md").read_text(), "yaml")
    (tmp_path / "tidegate.yaml").write_text(file)
    ended = tidegate("-C", tmp_path, "auth", "status", "lab", "-o", "json", environ={"HOME": str(tmp_path)})
    assert '"at": "http://lab.example.com:5000"' in ended.out, ended.err


def _try_out(page: str, world: Path, folder: Path) -> None:
    """Type what `page` shows beside a copy of `world`, and see that it prints what is shown."""
    shutil.copytree(world, folder / "demo")
    environ = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(folder),
        "TIDEGATE_CACHE": str(folder / "cache"),
        "PYTHONUTF8": "1",
    }
    for shown in (each for block in blocks(page, "console") for each in commands(block)):
        ended = subprocess.run(
            ["sh", "-c", shown.command],
            cwd=folder,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, f"$ {shown.command}\n{ended.stdout}"
        assert first_missing(shown.lines, ended.stdout) is None, f"$ {shown.command}\n{ended.stdout}"


def test_the_commands_for_ones_own_repositories_exist() -> None:
    lines = [line.partition("#")[0].strip() for block in blocks(README, "sh") for line in block.splitlines()]
    calls = [line.split() for line in lines if line.startswith("tidegate ")]
    assert len(calls) >= 8
    for _, *words in calls:
        verbs = [word for word in words[:2] if word in {"version", "next", "config", "view"}] or words[:1]
        help_text = tidegate(*verbs, "--help")
        assert help_text.code == 0, words
        for option in (word for word in words if word.startswith("--")):
            assert option in help_text.out, f"{words}: {option}"


@pytest.mark.parametrize("page", ["README.md", *(str(path.relative_to(ROOT)) for path in ROOT.glob("docs/**/*.md"))])
def test_every_link_leads_somewhere(page: str) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", (ROOT / page).read_text())
    lost = [link for link in links if "://" not in link and not (ROOT / page).parent.joinpath(link).exists()]
    assert lost == []


def test_the_index_leads_to_every_page() -> None:
    index = (ROOT / "docs/README.md").read_text()
    pages = [path.relative_to(ROOT / "docs") for path in ROOT.glob("docs/**/*.md") if path.name != "README.md"]
    assert [str(page) for page in pages if f"({page})" not in index and f"({page.parent}/)" not in index] == []
