"""Which routes a profile's name stands for, and how a wrong list is told."""

from pathlib import Path

import pytest

from activities.catalogue import Catalogue, CatalogueError, load_catalogue

ROUTE = """
[routes.{name}]
address = "{address}"
model = "m-{name}"
context_tokens = 8192
max_output_tokens = 512
timeout = 30
slots = 2
"""
HERE = "http://127.0.0.1:1/v1"


def load(folder: Path, profiles: str, **addresses: str) -> Catalogue:
    """The profiles at the top, then routes large and small, and any that `addresses` names."""
    path = folder / "models.toml"
    tables = {"large": HERE, "small": HERE} | addresses
    text = "".join(ROUTE.format(name=name, address=address) for name, address in tables.items())
    path.write_text(profiles + text)
    return load_catalogue(path, {})


def names(catalogue: Catalogue, profile: str) -> list[str]:
    return [route.name for route in catalogue.routes_of(profile)]


def complaint(folder: Path, profiles: str) -> str:
    with pytest.raises(CatalogueError) as caught:
        load(folder, profiles)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_profile_is_a_route_and_its_fallbacks_in_order(tmp_path: Path) -> None:
    catalogue = load(tmp_path, '[profiles]\ncareful = ["large", "small"]\nquick = "small"\n')
    assert names(catalogue, "careful") == ["large", "small"]
    assert names(catalogue, "quick") == ["small"]
    assert [endpoint.address for endpoint in catalogue.endpoints_of("careful")] == [HERE, HERE]


def test_every_route_is_a_profile_of_its_own_name_unless_another_is_written(tmp_path: Path) -> None:
    catalogue = load(tmp_path, '[profiles]\nlarge = ["large", "small"]\n')
    assert names(catalogue, "large") == ["large", "small"]
    assert names(catalogue, "small") == ["small"]


def test_the_default_is_the_first_of_profiles_else_the_first_route(tmp_path: Path) -> None:
    assert load(tmp_path, '[profiles]\nquick = "small"\n').profiles == ("quick", "large", "small")
    assert load(tmp_path, "").profiles == ("large", "small")


def test_profiles_may_stand_below_the_routes(tmp_path: Path) -> None:
    load(tmp_path, "")
    path = tmp_path / "models.toml"
    path.write_text(path.read_text() + '\n[profiles]\ncareful = ["large", "small"]\n')
    assert load_catalogue(path, {}).profiles[0] == "careful"


def test_a_fallback_that_cannot_be_used_here_is_left_out(tmp_path: Path) -> None:
    """The others still work; a profile of which nothing is left says what it lacks when it is asked for."""
    profiles = '[profiles]\ncareful = ["large", "other", "small"]\nlost = ["other"]\n'
    catalogue = load(tmp_path, profiles, other="$SOME_URL")
    assert names(catalogue, "careful") == ["large", "small"]
    with pytest.raises(CatalogueError, match=r"route 'other': address \(from SOME_URL\) is not set"):
        catalogue.routes_of("lost")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('careful = ["large", "smal"]', "names no route of this file, 'smal'; known: large, small"),
        ('careful = "larg"', "names no route of this file, 'larg'"),
        ('careful = ["large", "large"]', "names 'large' twice; write each route once"),
        ("careful = []", 'is no list of routes; write the name of a route, or a list such as ["large", "'),
        ("careful = 3", "is no list of routes"),
        ("careful = [3]", "is no list of routes"),
    ],
)
def test_a_wrong_list_is_one_line_with_its_place_and_the_remedy(tmp_path: Path, line: str, says: str) -> None:
    said = complaint(tmp_path, f'# names\n[profiles]\nquick = "small"\n{line}\n')
    assert said.startswith("models.toml:4: profile 'careful' ")
    assert says in said


def test_a_profile_without_a_fit_name_is_refused(tmp_path: Path) -> None:
    said = complaint(tmp_path, '[profiles]\n"a b" = "large"\n')
    assert said.startswith("models.toml:2: profile 'a b' has no fit name")


def test_a_file_from_before_routes_is_told_what_to_change(tmp_path: Path) -> None:
    """One line with the table's place; the same also when there is a route already."""
    old = ROUTE.replace("routes", "profiles").format(name="fast", address=HERE)
    said = complaint(tmp_path, old)
    assert said.startswith("models.toml:2: profile 'fast' is a table; one model at one address is a route")
    assert "write [routes.fast] instead of [profiles.fast]" in said
    (tmp_path / "models.toml").write_text(old)
    with pytest.raises(CatalogueError, match=r"write \[routes.fast\] instead"):
        load_catalogue(tmp_path / "models.toml", {})


def test_profiles_that_are_no_table_say_what_to_write(tmp_path: Path) -> None:
    assert 'write [profiles] and in it careful = ["large", "small"]' in complaint(tmp_path, "profiles = 3\n")
