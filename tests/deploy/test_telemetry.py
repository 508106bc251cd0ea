"""What is collected is what is shown: names, ports and paths agree from the collector to the dashboard."""

import json
import re
import tomllib
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from tests.deploy.compose import ROOT, SERVICES, mounted

METRICS: dict[str, dict[str, Any]] = tomllib.loads((ROOT / "deploy/metrics.toml").read_text())
DASHBOARD = json.loads((ROOT / "deploy/grafana/dashboards/tenuto.json").read_text())
TARGETS = [target for panel in DASHBOARD["panels"] for target in panel["targets"]]
QUERIES = [target["expr"] for target in TARGETS]

NAME = re.compile(r"\b(tenuto_\w+)")
# Labels in a matcher, and those of an aggregation.
MATCHED = re.compile(r"[{,]\s*(\w+)\s*[=!]")
GROUPED = re.compile(r"\bby \(([^)]*)\)")
PARTS = ("_bucket", "_sum", "_count")


def read_yaml(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text())


def metric_of(series: str) -> str:
    """The metric that a series belongs to: a histogram has several."""
    for name, metric in METRICS.items():
        if metric["kind"] == "histogram" and series in {name + part for part in PARTS}:
            return name
    return series


@pytest.mark.parametrize("query", QUERIES)
def test_a_panel_asks_for_known_metrics_by_known_labels(query: str) -> None:
    """A misspelt name would be an empty panel that looks like a quiet night."""
    metrics = [metric_of(series) for series in NAME.findall(query)]
    assert metrics
    assert set(metrics) <= set(METRICS)
    grouped = {label.strip() for labels in GROUPED.findall(query) for label in labels.split(",")}
    labels = grouped | set(MATCHED.findall(query))
    known = {label for metric in metrics for label in METRICS[metric]["labels"]}
    assert labels - ({"le"} if "_bucket" in query else set()) <= known


@pytest.mark.parametrize("query", QUERIES)
def test_counters_are_shown_as_change_and_gauges_as_they_are(query: str) -> None:
    """A counter's own value says only how long ago its worker started."""
    for series in NAME.findall(query):
        changing = re.search(r"\b(rate|increase)\(" + series, query) is not None
        assert changing == (METRICS[metric_of(series)]["kind"] != "gauge")


def test_every_metric_is_shown() -> None:
    assert {metric_of(series) for query in QUERIES for series in NAME.findall(query)} == set(METRICS)


@pytest.mark.parametrize("target", TARGETS)
def test_a_legend_names_labels_that_its_query_keeps(target: dict[str, str]) -> None:
    kept = {label.strip() for labels in GROUPED.findall(target["expr"]) for label in labels.split(",")}
    assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= kept


def test_there_is_one_data_source_and_every_panel_asks_it() -> None:
    (source,) = read_yaml("deploy/grafana/datasources.yaml")["datasources"]
    asked = {each["datasource"]["uid"] for each in [*DASHBOARD["panels"], *TARGETS]}
    assert asked == {source["uid"]}
    assert urlsplit(source["url"]).hostname in SERVICES


def test_grafana_finds_what_is_provisioned() -> None:
    (provider,) = read_yaml("deploy/grafana/dashboards.yaml")["providers"]
    mounts = mounted("grafana")
    assert mounts[provider["options"]["path"]][0] == "./deploy/grafana/dashboards"
    assert mounts["/etc/grafana/provisioning/dashboards/tenuto.yaml"][0] == "./deploy/grafana/dashboards.yaml"
    assert mounts["/etc/grafana/provisioning/datasources/tenuto.yaml"][0] == (
        "./deploy/grafana/datasources.yaml"
    )
    first_page = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert first_page == provider["options"]["path"] + "/tenuto.json"


@pytest.mark.parametrize("service", ["collector", "prometheus"])
def test_a_server_reads_the_configuration_that_is_mounted(service: str) -> None:
    (path,) = re.findall(r"--config(?:\.file)?=(\S+)", " ".join(SERVICES[service]["command"]))
    assert mounted(service)[path][0].startswith("./deploy/telemetry/")


def test_prometheus_asks_those_who_export() -> None:
    """The collector and the server, each at the port that it is told to use."""
    jobs = {job["job_name"]: job for job in read_yaml("deploy/telemetry/prometheus.yaml")["scrape_configs"]}
    targets = {name: job["static_configs"][0]["targets"][0].split(":") for name, job in jobs.items()}
    collector = read_yaml("deploy/telemetry/collector.yaml")["exporters"]["prometheus"]["endpoint"]
    assert targets["workers"] == ["collector", collector.split(":")[1]]
    server = SERVICES["temporal"]["environment"]["PROMETHEUS_ENDPOINT"]
    assert targets["temporal"] == ["temporal", server.split(":")[1]]
    assert jobs["workers"]["honor_labels"]


def test_workers_send_to_a_port_on_which_the_collector_receives() -> None:
    url = urlsplit(SERVICES["worker"]["environment"]["OTEL_EXPORTER_OTLP_ENDPOINT"])
    assert url.hostname == "collector"
    protocols = read_yaml("deploy/telemetry/collector.yaml")["receivers"]["otlp"]["protocols"]
    http = SERVICES["worker"]["environment"]["OTEL_EXPORTER_OTLP_PROTOCOL"].startswith("http")
    assert protocols["http" if http else "grpc"]["endpoint"] == f"0.0.0.0:{url.port}"


def test_the_collectors_pipelines_use_parts_that_are_configured_and_all_of_them() -> None:
    """As the collector itself demands; a part that is in no pipeline does nothing."""
    config = read_yaml("deploy/telemetry/collector.yaml")
    for kind in ("receivers", "processors", "exporters"):
        used = {part for pipeline in config["service"]["pipelines"].values() for part in pipeline[kind]}
        assert used == set(config[kind])


def test_the_collector_adds_the_suffixes_that_the_names_count_on() -> None:
    """The code names no unit and no type; tests/telemetry compares what comes out with the list."""
    exporter = read_yaml("deploy/telemetry/collector.yaml")["exporters"]["prometheus"]
    assert exporter["add_metric_suffixes"] is True


def test_a_worker_says_which_one_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its numbers carry its host's name, by which the collector keeps two workers' apart."""
    from opentelemetry.sdk.resources import Resource

    for name in ("OTEL_EXPERIMENTAL_RESOURCE_DETECTORS", "OTEL_SERVICE_NAME"):
        monkeypatch.setenv(name, SERVICES["worker"]["environment"][name])
    (rule,) = read_yaml("deploy/telemetry/collector.yaml")["processors"]["resource"]["attributes"]
    assert Resource.create().attributes[rule["from_attribute"]]
    assert Resource.create().attributes["service.name"] == "tenuto-worker"
