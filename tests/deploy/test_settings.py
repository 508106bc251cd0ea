"""What docker-compose.yml sets is what the code reads, and what the code needs is set."""

import ast
import inspect
import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.envconfig import ClientConfig

import worker
from activities.catalogue import load_catalogue
from connection import SEARCH_ATTRIBUTES, Settings
from embedded.temporal_server import DYNAMIC_CONFIG, temporal_binary
from tests.deploy.compose import OURS, ROOT, SERVICES, mounted, seconds
from tests.deploy.image import imported

ENVIRONMENT: dict[str, str] = SERVICES["worker"]["environment"]

# Where everything local is kept by default. In the image each of its parts has a place of its own.
NOT_NEEDED = {"TENUTO_HOME"}
# What only makes up for the embedded server's single shard on one host.
ONE_SHARD = {
    "history.transferProcessorMaxPollRPS",
    "history.timerProcessorMaxPollRPS",
    "history.visibilityProcessorMaxPollRPS",
    "history.timerProcessorMaxTimeShift",
}
# What the stop of a drained worker takes beyond its drain.
STOP = timedelta(seconds=15)


class Asked(Mapping[str, str]):
    """An environment that remembers which variables were asked for."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def variables_named(file: Path) -> set[str]:
    """The names of our variables that occur as strings in a module."""
    strings = (node.value for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Constant))
    return {text for text in strings if isinstance(text, str) and re.fullmatch(r"TENUTO_[A-Z_]+", text)}


def test_every_setting_of_the_worker_is_given() -> None:
    """No setting falls back to a place in the checkout, which is read-only in a container."""
    asked = Asked()
    Settings.of(asked)
    assert asked.names - NOT_NEEDED == {name for name in ENVIRONMENT if name.startswith("TENUTO_")}


@pytest.mark.parametrize("name", OURS)
def test_no_variable_of_ours_is_set_that_the_code_does_not_read(name: str) -> None:
    """A misspelt one would be silently ignored."""
    read = {variable for file in imported(["worker"]) for variable in variables_named(file)}
    given = {key for key in SERVICES[name].get("environment", {}) if key.startswith("TENUTO_")}
    assert given <= read


@pytest.mark.parametrize(("given", "deployment"), [(None, None), ("", None), ("tenuto", "tenuto")])
def test_versions_are_pinned_only_where_a_deployment_is_named(
    given: str | None, deployment: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty variable, as the compose file passes it on, names none; an argument wins."""
    monkeypatch.delenv("TENUTO_DEPLOYMENT", raising=False)
    if given is not None:
        monkeypatch.setenv("TENUTO_DEPLOYMENT", given)
    assert worker.options_of([]).deployment == deployment
    assert worker.options_of(["--deployment", "other"]).deployment == "other"
    assert Settings.of(ENVIRONMENT).deployment is None


def test_the_worker_says_how_it_is_started(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        worker.main(["--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    for words in ("--deployment NAME", "TENUTO_DEPLOYMENT", "python worker.py --print-build", "promote"):
        assert words in told


def test_the_sdk_takes_address_and_namespace_from_the_environment() -> None:
    """Every TEMPORAL_ variable of the worker changes how it connects."""
    given = {name: value for name, value in ENVIRONMENT.items() if name.startswith("TEMPORAL_")}
    options = ClientConfig.load_client_connect_config(override_env_vars=given)
    assert options == {"target_host": "temporal:7233", "namespace": "tenuto"}
    assert len(given) == len(options)


def test_everybody_speaks_of_the_same_server_and_namespace() -> None:
    environments = {name: service.get("environment", {}) for name, service in SERVICES.items()}
    told = [each for name, each in environments.items() if name.startswith("temporal") or name == "worker"]
    addresses = {each["TEMPORAL_ADDRESS"] for each in told if "TEMPORAL_ADDRESS" in each}
    namespaces = {each.get("TEMPORAL_NAMESPACE", each.get("TEMPORAL_DEFAULT_NAMESPACE")) for each in told}
    assert addresses == {"temporal:7233"}
    assert namespaces - {None} == {"tenuto"}


def test_every_file_that_the_worker_is_told_of_is_mounted() -> None:
    """Its mail and large values in places where it may write, everything else where it may not."""
    settings = Settings.of(ENVIRONMENT)
    mounts = mounted("worker")

    def writable(path: Path) -> bool:
        (mount,) = (where for where in mounts if path.is_relative_to(where))
        return mounts[mount][1]

    assert writable(settings.mail)
    assert writable(Path(settings.payloads))
    assert not any(writable(path) for path in (settings.shop, settings.models, settings.approvers))


def test_the_shop_that_is_built_is_the_shop_that_is_read() -> None:
    settings = Settings.of(ENVIRONMENT)
    assert SERVICES["shop"]["command"][-1] == str(settings.shop)
    assert f"--shop={settings.shop}" in SERVICES["payments"]["command"]
    sources = {mounted(name)[str(settings.shop.parent)] for name in ("worker", "payments", "shop")}
    assert sources == {("shop", False), ("shop", True)}


def test_payments_listen_where_the_worker_looks_for_them() -> None:
    """And where their own health check asks."""
    url = urlsplit(Settings.of(ENVIRONMENT).payments_url)
    assert url.hostname == "payments"
    assert f"--port={url.port}" in SERVICES["payments"]["command"]
    assert f"127.0.0.1:{url.port}/health" in SERVICES["payments"]["healthcheck"]["test"][-1]


def test_every_profile_of_the_image_can_be_used_with_the_keys_that_are_passed_on() -> None:
    """No route means the embedded model, and each one's key is in the worker's environment."""
    models = ROOT / mounted("worker")[ENVIRONMENT["TENUTO_MODELS"]][0]
    catalogue = load_catalogue(models, ENVIRONMENT)
    for profile in catalogue.profiles:
        for endpoint in catalogue.endpoints_of(profile):
            assert endpoint.address
            assert endpoint.key_name in {None, *ENVIRONMENT}


def test_routes_of_the_same_name_are_the_same_here_and_in_the_checkout() -> None:
    """So a run's sheet does not depend on where its worker runs."""
    there = tomllib.loads((ROOT / "models.toml").read_text())["routes"]
    here = tomllib.loads((ROOT / "deploy/models.toml").read_text())["routes"]
    assert {name: there[name] for name in here if name in there} == here


def test_a_worker_is_given_the_time_that_its_drain_takes() -> None:
    """And the drain is as long as the longest call of its routes."""
    grace = timedelta(seconds=seconds(SERVICES["worker"]["stop_grace_period"]))
    assert grace >= worker.DRAIN + STOP
    catalogue = load_catalogue(ROOT / "deploy/models.toml", ENVIRONMENT)
    assert all(route.timeout < worker.DRAIN for route in catalogue.routes.values())


def test_the_health_check_asks_for_the_queue_that_the_worker_polls() -> None:
    from connection import TASK_QUEUE
    from deploy.polling import is_polled

    assert inspect.signature(worker.workers).parameters["task_queue"].default == TASK_QUEUE
    assert inspect.signature(is_polled).parameters["task_queue"].default == TASK_QUEUE


def test_the_namespace_gets_the_search_attributes_that_the_workflows_set() -> None:
    script = (ROOT / "deploy/temporal/namespace.sh").read_text()
    (line,) = re.findall(r'^attributes="(.*)"$', script, re.MULTILINE)
    given = dict(word.split("=") for word in line.split())
    assert given == {name: kind_name(kind) for name, kind in SEARCH_ATTRIBUTES.items()}


def kind_name(kind: IndexedValueType.ValueType) -> str:
    """As the command line calls a type of search attribute."""
    return IndexedValueType.Name(kind).removeprefix("INDEXED_VALUE_TYPE_").title()


def dynamic_config() -> dict[str, object]:
    """Each setting of the file with its one value, which holds everywhere."""
    parsed = yaml.safe_load((ROOT / "deploy/temporal/dynamic-config.yaml").read_text())
    values = {}
    for key, constrained in parsed.items():
        ((value,),) = [each.items() for each in constrained]
        assert value[0] == "value"
        values[key] = value[1]
    return values


def test_the_server_is_set_as_the_embedded_one_but_for_its_single_shard() -> None:
    """So runs are treated alike; a setting that is new there must be decided on here."""
    embedded = dict(setting.split("=", 1) for setting in DYNAMIC_CONFIG)
    here = {key: str(value).lower() for key, value in dynamic_config().items()}
    assert set(embedded) >= ONE_SHARD
    assert here == {key: value for key, value in embedded.items() if key not in ONE_SHARD}


def test_every_dynamic_setting_is_one_that_this_server_release_knows() -> None:
    """The server ignores an unknown one. Each name is written in the release's binary, a wrong one is not."""
    binary = Path(temporal_binary()).read_bytes()
    assert all(key.encode() in binary for key in dynamic_config())
    assert b"matching.enableFairnezz" not in binary
