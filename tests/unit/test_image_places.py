"""One place by whatever name people give it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tidegate.errors.http import HostUnreachable
from tidegate.errors.image import PlaceInvalid
from tidegate.model.digest import Digest
from tidegate.model.registry_account import RegistryAccount
from tidegate.registry.images import RegistryImages
from tidegate.registry.places import AnyAccounts, Places

DIGEST = Digest.of(b"an image")


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """Places of three accounts, relative to `tmp_path`."""
    accounts = {
        "dev": RegistryAccount("dev", "dev.example", f"oci-layout:{tmp_path}/registries/dev"),
        "e2e": RegistryAccount("e2e", "e2e.example", "http://127.0.0.1:5102"),
        "prd": RegistryAccount("prd", "prd.example"),
    }
    return Places(RegistryImages(AnyAccounts(accounts), environment={}, home=tmp_path), accounts, tmp_path)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("dev:team/app:1", "dev.example/team/app"),
        ("dev:team/app", "oci-layout:registries/dev/team/app:1.0"),
        ("dev:team/app", "oci-layout:./registries/../registries/dev/team/app"),
        ("e2e:app:1", "127.0.0.1:5102/app"),
        ("e2e.example/app", "localhost:5102/app:2"),
        ("prd:app", "prd.example:443/app"),
        ("nginx", "registry-1.docker.io/library/nginx"),
    ],
)
def test_names_of_one_place(places: Places, one: str, other: str) -> None:
    assert places.location(one) == places.location(other)


@pytest.mark.parametrize("other", ["dev:app", "e2e:ap", "127.0.0.1:5103/app", "other.example:5102/app", "prd:app"])
def test_names_of_different_places(places: Places, other: str) -> None:
    assert places.location("e2e:app") != places.location(other)


@pytest.mark.parametrize(
    ("text", "folder", "tag", "digest"),
    [
        ("oci-layout:bundle", "bundle", None, None),
        ("oci-layout:/media/usb/app:1.0", "/media/usb/app", "1.0", None),
        (f"oci-layout:bundle@{DIGEST}", "bundle", None, DIGEST),
        (f"oci-layout:bundle:1.0@{DIGEST}", "bundle", "1.0", DIGEST),
        ("oci-layout:/home/ann@site/bundle:1.0", "/home/ann@site/bundle", "1.0", None),
        (f"oci-layout:/home/ann@site/bundle@{DIGEST}", "/home/ann@site/bundle", None, DIGEST),
        ("oci-layout:a:b/bundle", "a:b/bundle", None, None),
        ("oci-layout:a:b/", "a:b/", None, None),
    ],
)
def test_a_folder_with_what_it_is_asked_for(
    places: Places, text: str, folder: str, tag: str | None, digest: Digest | None
) -> None:
    found = places.parse(text)
    assert (found.home.name, found.tag, found.digest) == (f"oci-layout:{folder}", tag, digest)


@pytest.mark.parametrize(
    "text", ["oci-layout:", "oci-layout::1.0", "oci-layout:a:b c", "oci-layout:a@sha256:12", "oci-layout:a@"]
)
def test_what_names_no_folder(places: Places, text: str) -> None:
    with pytest.raises(PlaceInvalid) as caught:
        places.parse(text)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "without spaces"),
        (" r.example/app:1", "without spaces"),
        ("r.example/my app:1", "without spaces"),
        ("docker://r.example/app:1", "leave out docker://"),
        ("https://r.example/app:1", "leave out https://"),
        ("http://r.example/app:1", "plain HTTP is `insecure: true`"),
        ("./bundle", "oci-layout:FOLDER"),
        (".", "oci-layout:FOLDER"),
        ("/media/usb/bundle:1.0", "oci-layout:FOLDER"),
        ("/inventory:1.0", "a variable that is empty"),
        ("oci:bundle:1.0", "oci-layout:FOLDER"),
        ("docker-archive:app.tar", "skopeo copy docker-archive:app.tar oci:FOLDER:TAG"),
        ("r.example", "write r.example/REPOSITORY[:TAG]"),
        ("127.0.0.1:5000", "write 127.0.0.1:5000/REPOSITORY[:TAG]"),
        ("localhost:5000/", "write localhost:5000/REPOSITORY[:TAG]"),
        ("[::1]:5000", r"write [::1]:5000/REPOSITORY[:TAG]"),
        (
            "prod:app:1.0",
            "tidegate.yaml has the registries dev, e2e, prd, so no registry is called prod; did you mean prd?",
        ),
        ("prod:team/app", "no registry is called prod"),
        (f"prod:app:1.0@{DIGEST}", "no registry is called prod"),
    ],
)
def test_what_people_type_is_answered_with_what_is_right(places: Places, text: str, hint: str) -> None:
    with pytest.raises(PlaceInvalid) as caught:
        places.parse(text)
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize("text", ["dvv:inventory", f"dvv:inventory@{DIGEST}", "prod:1.0"])
def test_where_a_tag_means_nothing_a_short_name_is_an_accounts(places: Places, text: str) -> None:
    with pytest.raises(PlaceInvalid) as caught:
        places.repository(text)
    name = text.partition(":")[0]
    near = "dev" if name == "dvv" else "prd"
    assert caught.value.hint == (
        f"tidegate.yaml has the registries dev, e2e, prd, so no registry is called {name}; did you mean {near}?"
    )


@pytest.mark.parametrize(
    "text", ["nginx", "dev:app", "dev:app:1", "r.example/app:1", "localhost:5000/app", "oci-layout:bundle"]
)
def test_other_names_are_repositories(places: Places, text: str) -> None:
    assert places.repository(text) == places.parse(text).home


@pytest.mark.parametrize("text", ["oci:bundle", "localhost:5000"])
def test_what_is_no_image_is_no_repository_for_the_same_reason(places: Places, text: str) -> None:
    with pytest.raises(PlaceInvalid, match="names no image"):
        places.repository(text)


def test_without_accounts_a_short_name_is_docker_hubs(tmp_path: Path) -> None:
    places = Places(RegistryImages(AnyAccounts({}), environment={}, home=tmp_path), {}, tmp_path)
    assert places.repository("nginx:1.25").shown == "docker.io/library/nginx"


def test_an_error_at_docker_hub_says_which_name_was_read_so(places: Places) -> None:
    one, other, whole = (places.parse(text) for text in ("dvv:inventory", "nginx:1.25", "docker.io/library/app:1"))
    hub = "https://registry-1.docker.io"
    for _ in range(2):  # Ctrl-C has an error told once more
        error = HostUnreachable("no connection", where=hub, hint="is it up?")
        places.tell_reading(error, one, whole)
        places.tell_reading(error, one, whole)
        assert error.hint == (
            "dvv:inventory was read as docker.io/library/dvv:inventory; "
            "tidegate.yaml has the registries dev, e2e, prd; is it up?"
        )
    both = HostUnreachable("no connection", where=hub)
    places.tell_reading(both)
    assert "library/dvv:inventory, nginx:1.25 was read as docker.io/library/nginx:1.25; " in (both.hint or "")
    for where, place in (("https://prd.example", other), (hub, whole)):
        error = HostUnreachable("no connection", where=where, hint="is it up?")
        places.tell_reading(error, place)
        assert error.hint == "is it up?"


def test_without_a_configuration_there_are_no_short_names(tmp_path: Path) -> None:
    with pytest.raises(PlaceInvalid) as caught:
        Places(RegistryImages(AnyAccounts({}), environment={}, home=tmp_path), {}, tmp_path).parse("dev:app:1.0")
    assert caught.value.hint == "tidegate.yaml is not here, so no registry is called dev"


@pytest.mark.parametrize(
    "text",
    [
        "nginx", "nginx:1.25", f"nginx@{DIGEST}", "team/app", "oci/app", "r.example/oci:1.0", "buildhost:5000/app:1.0",
        "localhost/app", "localhost:5000/team/app:1.0", "[::1]:5000/app", "docker:24", "prd:app",
    ],
)  # fmt: skip
def test_what_is_an_image_is_left_alone(places: Places, text: str) -> None:
    assert str(places.parse(text)).endswith(text.removeprefix("prd:"))
