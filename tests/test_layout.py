"""What the import rules cannot see: parts of temporalio, calls of a clock, and code in package files."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from temporalio.api.enums.v1 import IndexedValueType

import connection
from embedded.temporal_server import SEARCH_ATTRIBUTES

ROOT = Path(__file__).parents[1]
WORKFLOW_CODE = sorted((ROOT / "workflows").rglob("*.py"))
# The interceptor is what a worker is given.
MAY_IMPORT_THE_WORKER = {ROOT / "workflows" / "kernel" / "trail.py"}
CLOCKS = {"now", "utcnow", "today", "time", "monotonic", "perf_counter", "uuid1", "uuid4", "random"}
OF_THE_WORKFLOW = {"workflow"}


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def clock_calls(tree: ast.AST) -> Iterator[str]:
    """Calls such as `datetime.now()`; those of `temporalio.workflow` are recorded or deterministic."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCKS:
            owner = node.func.value
            if not (isinstance(owner, ast.Name) and owner.id in OF_THE_WORKFLOW):
                called = ast.unparse(node.func)
                if called != "workflow.random().random":
                    yield called


@pytest.mark.parametrize("file", WORKFLOW_CODE, ids=lambda file: str(file.relative_to(ROOT)))
def test_workflow_code_reaches_no_client_and_no_clock(file: Path) -> None:
    """Import rules know whole distributions only; these are parts of one that workflows do use."""
    tree = ast.parse(file.read_text())
    banned = {"temporalio.client", "temporalio.testing", "temporalio.service"}
    if file not in MAY_IMPORT_THE_WORKER:
        banned.add("temporalio.worker")
    assert banned.isdisjoint(imported(tree))
    assert list(clock_calls(tree)) == []


@pytest.mark.parametrize(
    "package",
    ["workflows", "activities", "contracts", "workflows/kernel", "workflows/tickets", "workflows/records"],
)
def test_a_package_file_holds_a_docstring_and_nothing_else(package: str) -> None:
    """The sandbox executes `workflows/__init__.py` for every workflow."""
    body = ast.parse((ROOT / package / "__init__.py").read_text()).body
    assert [type(node) for node in body] == [ast.Expr]


@pytest.mark.parametrize("file", sorted((ROOT / "workflows").glob("*.py")), ids=lambda file: file.name)
def test_a_workflow_is_told_in_less_than_200_lines(file: Path) -> None:
    """What is longer lacks an idea of the kernel, or holds its tables beside its story."""
    assert len(file.read_text().splitlines()) < 200


def test_a_clock_would_be_seen() -> None:
    """The check above can fail."""
    tree = ast.parse(
        "import time\nfrom datetime import datetime\ntime.time()\ndatetime.now()\nworkflow.now()"
    )
    assert list(clock_calls(tree)) == ["time.time", "datetime.now"]


def test_the_embedded_server_knows_the_search_attributes_that_runs_set() -> None:
    """It knows nothing of the application, so the list stands there a second time."""
    names = {name: IndexedValueType.Name(kind) for name, kind in connection.SEARCH_ATTRIBUTES.items()}
    assert names == {name: f"INDEXED_VALUE_TYPE_{kind.upper()}" for name, kind in SEARCH_ATTRIBUTES.items()}


def test_histories_are_fetched_in_one_place() -> None:
    """Values kept outside of them are put back there; elsewhere claims would be taken for values."""
    files = [file for name in ("operations", "commands", "examples") for file in (ROOT / name).rglob("*.py")]
    fetching = {file.relative_to(ROOT).as_posix() for file in files if ".fetch_history()" in file.read_text()}
    assert fetching == {"operations/histories.py"}
