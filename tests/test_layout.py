"""What the import rules cannot see: parts of temporalio, calls of a clock, and code in package files."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

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


@pytest.mark.parametrize("package", ["workflows", "activities", "contracts", "workflows/kernel"])
def test_a_package_file_holds_a_docstring_and_nothing_else(package: str) -> None:
    """The sandbox executes `workflows/__init__.py` for every workflow."""
    body = ast.parse((ROOT / package / "__init__.py").read_text()).body
    assert [type(node) for node in body] == [ast.Expr]


def test_a_clock_would_be_seen() -> None:
    """The check above can fail."""
    tree = ast.parse(
        "import time\nfrom datetime import datetime\ntime.time()\ndatetime.now()\nworkflow.now()"
    )
    assert list(clock_calls(tree)) == ["time.time", "datetime.now"]
