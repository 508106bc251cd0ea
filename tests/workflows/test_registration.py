"""What is declared is registered, and what is used is declared: a forgotten line fails here by its name."""

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from temporalio.worker import Worker

import contracts
import workflows
from contracts.steps import Effect, ModelTask, Step
from contracts.tickets import draft_reply, read_ticket
from operations.decision_rows import tables_of
from tests.workflows import read_mails
from tests.workflows.world import World, activity_name
from worker import UPKEEP, WORKFLOWS, build, workers
from workflows.kernel.plan import Plan

AnyStep = Step[Any, Any]


def modules_of(package: ModuleType) -> list[ModuleType]:
    """Every module of a package, however deep."""
    found = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    return [importlib.import_module(module.name) for module in found]


def steps_in(module: Any) -> list[AnyStep]:
    """The steps that a module declares or imports, with what an effect is looked up by."""
    steps = [value for value in vars(module).values() if isinstance(value, Step)]
    lookups = [step.lookup for step in steps if isinstance(step, Effect) and step.lookup is not None]
    return list(dict.fromkeys([*steps, *lookups]))


DECLARED = list(dict.fromkeys(step for module in modules_of(contracts) for step in steps_in(module)))
WORKFLOW_MODULES = [
    module for module in modules_of(workflows) if not module.__name__.startswith("workflows.kernel")
]

STORIES = [module for module in WORKFLOW_MODULES if not module.__name__.startswith("workflows.upkeep")]


def disagreements(declared: Iterable[AnyStep], registered: Iterable[str], where: str) -> Iterator[str]:
    """Where steps and the activities that one worker registers are not one to one."""
    names, found = [step.name for step in declared], list(registered)
    for name in sorted({*names, *found}):
        if names.count(name) != 1:
            yield f"{where}: activity {name} implements {names.count(name)} declared steps"
        if found.count(name) != 1:
            yield f"{where}: step {name} has {found.count(name)} implementations"


def undeclared(module: Any) -> list[str]:
    """The steps that a workflow's module uses and its plan does not list."""
    plans = [value for value in vars(module).values() if isinstance(value, Plan)]
    listed = {step for plan in plans for step in plan.steps}
    return [step.name for step in steps_in(module) if step not in listed]


def workflows_in(module: ModuleType) -> list[type]:
    """The workflow classes that a module defines."""
    classes = [value for value in vars(module).values() if isinstance(value, type)]
    defined = [each for each in classes if each.__module__ == module.__name__]
    return [each for each in defined if "__temporal_workflow_definition" in vars(each)]


async def test_every_declared_step_has_exactly_one_implementation(temporal: str, tmp_path: Path) -> None:
    """Model tasks on every route's worker, and nothing else there; the rest on the workflows' own."""
    tasks: list[AnyStep] = [step for step in DECLARED if isinstance(step, ModelTask)]
    tools = [step for step in DECLARED if not isinstance(step, ModelTask)]
    assert tasks
    assert tools
    async with World.opened(temporal, tmp_path) as world:
        parts = build(world.settings, {})
        main, *routes = workers(world.client, parts, world.task_queue)
        assert len(routes) == len(parts.catalogue.routes)
        duties: list[tuple[Worker, list[AnyStep]]] = [(main, tools), *((route, tasks) for route in routes)]
        wrong = [
            line
            for worker, steps in duties
            for line in disagreements(
                steps, map(activity_name, worker.config()["activities"]), worker.task_queue
            )
        ]
    assert wrong == []


def test_every_workflow_module_is_registered() -> None:
    """A module under workflows/ whose class is missing from worker.WORKFLOWS and UPKEEP is named."""
    found = {each: module.__name__ for module in WORKFLOW_MODULES for each in workflows_in(module)}
    assert found
    registered = [*WORKFLOWS, *UPKEEP]
    assert [name for each, name in found.items() if each not in registered] == []
    assert [each.__name__ for each in registered if each not in found] == []


@pytest.mark.parametrize("module", STORIES, ids=lambda module: module.__name__)
def test_a_plan_lists_every_step_that_its_workflow_uses(module: ModuleType) -> None:
    """A step that is not in the plan has no numbers in the sheet, and would stop a run in its middle."""
    assert undeclared(module) == []


@pytest.mark.parametrize("each", WORKFLOWS, ids=lambda each: each.__name__)
def test_a_workflow_is_started_by_the_name_of_its_plan(each: Any) -> None:
    """Otherwise no worker would know what `start` asks for."""
    definition = getattr(each, "__temporal_workflow_definition")
    assert definition.name == each.plan.name


def test_no_two_workflows_have_a_table_of_the_same_name() -> None:
    """`policy`, `why-not` and every explanation find a table by its name alone."""
    own = [table.name for each in WORKFLOWS for table in each.plan.tables]
    assert len(own) + len(tables_of([])) == len(tables_of(list(WORKFLOWS)))


def test_forgotten_lines_are_found() -> None:
    """The searches above can fail."""
    assert list(
        disagreements([read_ticket, draft_reply], ["read_ticket", "read_ticket", "gone"], "queue")
    ) == [
        "queue: step draft_reply has 0 implementations",
        "queue: activity gone implements 0 declared steps",
        "queue: step read_ticket has 2 implementations",
    ]
    plan = Plan(
        name="forgetful",
        stages={},
        steps=(read_ticket,),
        cap=WORKFLOWS[0].plan.cap,
        deadline=WORKFLOWS[0].plan.deadline,
        escrow=WORKFLOWS[0].plan.escrow,
    )
    module = SimpleNamespace(PLAN=plan, read_ticket=read_ticket, draft_reply=draft_reply)
    assert undeclared(module) == ["draft_reply"]

    assert workflows_in(read_mails) == [read_mails.ReadMails]
