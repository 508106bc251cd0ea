"""docs/deploy.md names what is there: variables, files, services and ways to connect."""

import re
from pathlib import Path

import pytest
import temporalio.bridge
from temporalio.envconfig import ClientConfig

from connection import SEARCH_ATTRIBUTES
from tests.deploy.compose import ROOT, SERVICES
from tests.deploy.image import imported
from tests.deploy.test_settings import variables_named

PAGE = (ROOT / "docs/deploy.md").read_text()
CLOUD = {"TEMPORAL_ADDRESS": "name.tmprl.cloud:7233", "TEMPORAL_NAMESPACE": "name.account"}


def test_every_variable_of_the_sdk_is_one_that_it_knows() -> None:
    """The SDK's configuration is compiled; its library has each name in it, and no misspelt one."""
    (library,) = Path(temporalio.bridge.__path__[0]).glob("temporal_sdk_bridge*")
    known = library.read_bytes()
    named = set(re.findall(r"\bTEMPORAL_[A-Z_]+\b", PAGE))
    assert {name for name in named if name.encode() not in known} == set()
    assert b"TEMPORAL_ADRESS" not in known


def test_every_variable_of_ours_is_one_that_the_code_reads() -> None:
    read = {variable for file in imported(["worker"]) for variable in variables_named(file)}
    assert set(re.findall(r"\bTENUTO_[A-Z_]+\b", PAGE)) <= read


def test_every_file_that_is_named_exists() -> None:
    named = set(re.findall(r"\b(?:deploy|samples|tests|docs)/[\w./-]*\w", PAGE))
    assert {path for path in named if not (ROOT / path).exists()} == set()
    assert named


def test_every_search_attribute_is_named() -> None:
    assert all(f"`{name}`" in PAGE for name in SEARCH_ATTRIBUTES)


def test_compose_commands_name_services_that_exist() -> None:
    named = re.findall(r"docker compose (?:stop|start|exec -T|up --detach) (\w[\w-]*)", PAGE)
    assert set(named) <= set(SERVICES)
    assert set(named) == {"temporal", "postgresql", "worker"}


def test_an_api_key_turns_tls_on() -> None:
    """As the page says; a key must never travel in the clear."""
    options = ClientConfig.load_client_connect_config(override_env_vars={**CLOUD, "TEMPORAL_API_KEY": "key"})
    assert options == {
        "target_host": CLOUD["TEMPORAL_ADDRESS"],
        "namespace": CLOUD["TEMPORAL_NAMESPACE"],
        "api_key": "key",
        "tls": True,
    }


def test_a_client_certificate_is_read_from_its_files(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_text("certificate")
    (tmp_path / "key.pem").write_text("key")
    files = {
        "TEMPORAL_TLS_CLIENT_CERT_PATH": str(tmp_path / "cert.pem"),
        "TEMPORAL_TLS_CLIENT_KEY_PATH": str(tmp_path / "key.pem"),
    }
    tls = ClientConfig.load_client_connect_config(override_env_vars={**CLOUD, **files})["tls"]
    assert not isinstance(tls, bool)
    assert (tls.client_cert, tls.client_private_key) == (b"certificate", b"key")


@pytest.mark.parametrize("port", [port for service in SERVICES.values() for port in service.get("ports", [])])
def test_every_published_address_is_in_the_table(port: str) -> None:
    assert port.rpartition(":")[0] in PAGE
