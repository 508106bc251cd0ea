"""Builds of the workers' code: which of them work, which takes new runs, and which are waited for.

With pinned versions a run stays with the build that began it. A build is a worker deployment version.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.api.deployment.v1 import WorkerDeploymentVersion
from temporalio.api.enums.v1 import TaskQueueType, WorkerVersioningMode
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeTaskQueueRequest,
    DescribeWorkerDeploymentVersionRequest,
    SetWorkerDeploymentCurrentVersionRequest,
)
from temporalio.client import Client, WorkflowExecution
from temporalio.common import SearchAttributeKey
from temporalio.service import RPCError, RPCStatusCode

from operations.code_version import build_id

__all__ = ["Build", "BuildError", "Builds", "build_here", "build_of", "builds_at", "make_current"]

# The server sets it on every run that a worker of a deployment has taken.
VERSION = SearchAttributeKey.for_keyword("TemporalWorkerDeploymentVersion")
# Both stand in the server's name of a version, which it takes apart again.
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
# A poll that finds nothing ends after a minute, and is followed by the next.
FRESH = timedelta(seconds=90)
RPC_PATIENCE = timedelta(seconds=10)
# Open runs are counted by reading them.
READ_AT_MOST = 1_000
# The server learns of a worker's queues one by one, and tells its queues of a new current build.
AGAIN_S = 0.2
NOT_YET = (RPCStatusCode.NOT_FOUND, RPCStatusCode.FAILED_PRECONDITION, RPCStatusCode.RESOURCE_EXHAUSTED)


class BuildError(ValueError):
    """There is no such build, or it cannot take new runs. One line, with the next step."""


@dataclass(frozen=True, order=True)
class Build:
    """One state of the code, under the name of its deployment."""

    deployment: str
    id: str

    def __str__(self) -> str:
        return f"{self.id} of {self.deployment}"


@dataclass(frozen=True)
class Builds:
    """What the server knows of the builds on one queue."""

    current: Build | None
    """Takes new runs; None where workers without a build do."""
    working: Mapping[Build | None, Collection[str]]
    """Of each build that has workers, who they are; None for workers without a build."""
    open_runs: Mapping[Build, int]
    """Pinned to each build."""

    @property
    def waited_for(self) -> list[Build]:
        """Builds that have open runs and no worker."""
        return sorted(build for build in self.open_runs if build not in self.working)

    @property
    def new_runs_wait(self) -> bool:
        """Whether there are workers, and none of what takes new runs."""
        return bool(self.working) and self.current not in self.working


def build_here(deployment: str) -> Build:
    """This checkout's code under that name. Raises BuildError for one that the server could not take."""
    if NAME.fullmatch(deployment) is None:
        raise BuildError(
            f"the deployment {deployment!r} is no name: write letters, digits, - and _, at most 64"
        )
    return Build(deployment, build_id())


def build_of(found: WorkflowExecution) -> Build | None:
    """The build that a run is pinned to, from a list or a description; None for a run without one."""
    deployment, colon, build = found.typed_search_attributes.get(VERSION, "").partition(":")
    return Build(deployment, build) if colon else None


async def builds_at(client: Client, task_queue: str, *, count: bool = True) -> Builds:
    """Who polls the queue now, which build takes new runs, and how many open runs each has."""
    described = await workflows_of(client, task_queue)
    working: dict[Build | None, set[str]] = {}
    for poller in described.pollers:
        if datetime.now(UTC) - poller.last_access_time.ToDatetime(tzinfo=UTC) < FRESH:
            working.setdefault(polling(poller.deployment_options), set()).add(poller.identity)
    pinned = Counter[Build]()
    if count:
        query = f"ExecutionStatus = 'Running' AND TaskQueue = '{task_queue}' AND {VERSION.name} IS NOT NULL"
        async for each in client.list_workflows(query, limit=READ_AT_MOST):
            if (build := build_of(each)) is not None:
                pinned[build] += 1
    return Builds(current_at(described), working, pinned)


async def workflows_of(client: Client, task_queue: str) -> Any:
    return await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueue(name=task_queue),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        ),
        timeout=RPC_PATIENCE,
    )


def current_at(described: Any) -> Build | None:
    version = described.versioning_info.current_deployment_version
    return Build(version.deployment_name, version.build_id) if version.build_id else None


def polling(options: Any) -> Build | None:
    """The build of whoever polls with these options."""
    if options.worker_versioning_mode != WorkerVersioningMode.WORKER_VERSIONING_MODE_VERSIONED:
        return None
    return Build(options.deployment_name, options.build_id)


async def make_current(
    client: Client, build: Build | None, task_queue: str, *, queues: Collection[str], patience: timedelta
) -> None:
    """From now on new runs on the queue go to that build; with None, to workers without a build.

    Waits until the server has seen the build's workers on all `queues`, and the queue follows. Raises
    BuildError when that takes longer than `patience`.
    """
    why = "the server does not say so"
    try:
        async with asyncio.timeout(patience.total_seconds()):
            while current_at(await workflows_of(client, task_queue)) != build:
                try:
                    await set_current(client, build, task_queue, queues)
                except (RPCError, BuildError) as error:
                    if isinstance(error, RPCError) and error.status not in NOT_YET:
                        raise
                    why = str(error)
                await asyncio.sleep(AGAIN_S)
    except TimeoutError:
        raise BuildError(f"build {build} does not take new runs: {why}") from None


async def set_current(client: Client, build: Build | None, task_queue: str, queues: Collection[str]) -> None:
    if build is None:
        before = current_at(await workflows_of(client, task_queue))
        if before is None:
            return
        deployment, version = before.deployment, ""
    else:
        deployment, version = build.deployment, build.id
        missing = set(queues) - await seen(client, build)
        if missing:
            raise BuildError(f"no worker of it has polled {', '.join(sorted(missing))} yet")
    await client.workflow_service.set_worker_deployment_current_version(
        SetWorkerDeploymentCurrentVersionRequest(
            namespace=client.namespace,
            deployment_name=deployment,
            build_id=version,
            identity=client.identity,
        ),
        timeout=RPC_PATIENCE,
    )


async def seen(client: Client, build: Build) -> set[str]:
    """The queues that workers of a build have ever polled."""
    version = WorkerDeploymentVersion(deployment_name=build.deployment, build_id=build.id)
    found = await client.workflow_service.describe_worker_deployment_version(
        DescribeWorkerDeploymentVersionRequest(namespace=client.namespace, deployment_version=version),
        timeout=RPC_PATIENCE,
    )
    return {each.name for each in found.worker_deployment_version_info.task_queue_infos}
