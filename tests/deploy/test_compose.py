"""docker-compose.yml is valid, pinned, bounded, and gives away nothing."""

import json
import re
from typing import Any

import pytest
from jsonschema import Draft7Validator

from tests.deploy.compose import OURS, ROOT, SERVICES, VARIABLE, document, mounted

SCHEMA = json.loads((ROOT / "tests/deploy/compose_spec/compose-spec.json").read_text())
JOBS = [name for name, service in SERVICES.items() if service["restart"].startswith("on-failure")]
SERVERS = [name for name in SERVICES if name not in JOBS]

# Images without a shell or any other program that could ask.
CANNOT_BE_ASKED = {"collector"}
# Whom a person looks at, or starts runs through.
PUBLISHED = {"temporal": 7233, "temporal-ui": 8080, "grafana": 3000}


def test_it_follows_the_compose_specification() -> None:
    """By the specification's own schema, which is a valid one."""
    Draft7Validator.check_schema(SCHEMA)
    found = Draft7Validator(SCHEMA).iter_errors(document())
    assert [f"{error.json_path}: {error.message}" for error in found] == []


def test_the_schema_would_notice_a_wrong_key() -> None:
    wrong = document()
    wrong["services"]["worker"]["restrat"] = "always"
    assert not Draft7Validator(SCHEMA).is_valid(wrong)


@pytest.mark.parametrize("name", SERVICES)
def test_every_image_is_one_exact_release(name: str) -> None:
    """Three numbers or, for PostgreSQL, two; the same stack tomorrow."""
    image, _, tag = SERVICES[name]["image"].partition(":")
    numbers = 2 if image == "postgres" else 3
    assert re.fullmatch(r"v?\d+" + r"\.\d+" * (numbers - 1), tag)
    assert image != "temporalio/auto-setup"


def test_our_image_has_the_version_of_the_project() -> None:
    (version,) = re.findall(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert {SERVICES[name]["image"] for name in OURS} == {f"tenuto:{version}"}


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_bounded_in_memory_and_log(name: str) -> None:
    service = SERVICES[name]
    assert service["deploy"]["resources"]["limits"]["memory"]
    assert service["logging"]["options"] == {"max-size": "10m", "max-file": "3"}


@pytest.mark.parametrize("name", SERVERS)
def test_every_server_is_started_again_and_asked_how_it_is(name: str) -> None:
    service = SERVICES[name]
    assert service["restart"] == "unless-stopped"
    assert ("healthcheck" in service) == (name not in CANNOT_BE_ASKED)


@pytest.mark.parametrize(
    ("name", "other"), [(name, other) for name in SERVICES for other in SERVICES[name].get("depends_on", {})]
)
def test_what_a_service_waits_for_can_come_true(name: str, other: str) -> None:
    """A job's success, a server's health, or the start of one that cannot be asked."""
    condition = SERVICES[name]["depends_on"][other]["condition"]
    if other in JOBS:
        assert condition == "service_completed_successfully"
    else:
        assert condition == ("service_started" if other in CANNOT_BE_ASKED else "service_healthy")


def test_nothing_is_published_but_on_this_machine() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {name: [f"127.0.0.1:{port}:{port}"] for name, port in PUBLISHED.items()}
    assert all(service.get("network_mode") in (None, "none") for service in SERVICES.values())


def test_only_the_server_and_its_schema_reach_the_database() -> None:
    inside = {name for name, service in SERVICES.items() if "database" in service.get("networks", [])}
    assert inside == {"postgresql", "temporal", "temporal-schema"}
    assert SERVICES["postgresql"]["networks"] == ["database"]
    assert document()["networks"]["database"] == {"internal": True}


@pytest.mark.parametrize("name", OURS)
def test_our_containers_can_change_nothing_but_their_volumes(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["tmpfs"] == ["/tmp"]  # noqa: S108 - a path in the container
    assert "user" not in service


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_mounted_from_the_checkout_exists_and_is_read_only(name: str) -> None:
    """And every other volume is named in the file."""
    for source, writable in mounted(name).values():
        if source.startswith("."):
            assert (ROOT / source).exists()
            assert not writable
        else:
            assert source in document()["volumes"]


def test_every_named_volume_has_a_writer() -> None:
    written = {source for name in SERVICES for source, writable in mounted(name).values() if writable}
    assert written == set(document()["volumes"])


def test_the_example_names_every_variable_and_no_other() -> None:
    """And holds no secret itself."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    text = (ROOT / "docker-compose.yml").read_text()
    assert set(given) == {found[1] for found in VARIABLE.finditer(text)}
    assert set(given.values()) == {""}


def test_a_stack_without_passwords_does_not_start() -> None:
    """An empty password is refused by the file itself, before anything is made."""
    text = (ROOT / "docker-compose.yml").read_text()
    operators: dict[str, set[Any]] = {}
    for found in VARIABLE.finditer(text):
        operators.setdefault(found[1], set()).add(found[2])
    required = {name for name, used in operators.items() if used == {"?"}}
    assert required == {"POSTGRES_PASSWORD", "LEDGER_PASSWORD", "GRAFANA_PASSWORD"}
