"""The Temporal server, and whether anybody works for it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    DescribeTaskQueueRequest,
    GetSystemInfoRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities.catalogue import CatalogueError, load_catalogue
from commands.builds import START_IT, waiting_words
from commands.doctor.findings import Finding, Place, fail, ok, warn
from connection import SEARCH_ATTRIBUTES, TASK_QUEUE, NotConnected, Settings, connect
from operations.builds import Builds, builds_at

__all__ = ["cluster"]

PATIENCE_S = 5.0
RPC_PATIENCE = timedelta(seconds=PATIENCE_S)
WORKER = "`python worker.py`, or `python starter.py dev`"
WORKFLOWS = TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW
ACTIVITIES = TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY


async def cluster(place: Place) -> list[Finding]:
    """Server, namespace, search attributes, workers; without a server only that there is none."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            client = await connect()
    except (NotConnected, TimeoutError, ValueError) as error:
        says = str(error) or f"no answer within {PATIENCE_S:.0f} s"
        told = bool(place.told.get("TEMPORAL_ADDRESS"))
        mend = "check TEMPORAL_ADDRESS" if told else "`python starter.py dev` starts one"
        return [(fail if told else warn)("Temporal", says.partition("; start")[0], mend)]
    try:
        return [each async for each in of_server(client, place)]
    except RPCError as error:
        return [fail("Temporal", f"refuses: {error.message}", "check TEMPORAL_NAMESPACE and your rights")]


async def of_server(client: Client, place: Place) -> AsyncIterator[Finding]:
    service = client.workflow_service
    info = await service.get_system_info(GetSystemInfoRequest(), timeout=RPC_PATIENCE)
    address = client.service_client.config.target_host
    yield ok("Temporal", f"{address}, server {info.server_version}")
    try:
        await service.describe_namespace(
            DescribeNamespaceRequest(namespace=client.namespace), timeout=RPC_PATIENCE
        )
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        yield fail("namespace", f"there is no {client.namespace!r}", "set TEMPORAL_NAMESPACE, or create it")
        return
    yield ok("namespace", client.namespace)
    yield await search_attributes(client)
    async for each in workers(client, place):
        yield each
    for found in of_builds(await builds_at(client, TASK_QUEUE)):
        yield found


async def search_attributes(client: Client) -> Finding:
    """An unknown one would fail every run's tasks."""
    request = ListSearchAttributesRequest(namespace=client.namespace)
    listed = await client.operator_service.list_search_attributes(request, timeout=RPC_PATIENCE)
    known = listed.custom_attributes
    wrong = [name for name, kind in SEARCH_ATTRIBUTES.items() if known.get(name, kind) != kind]
    missing = [name for name in SEARCH_ATTRIBUTES if name not in known]
    if wrong:
        return fail("search attributes", f"of another type: {', '.join(wrong)}", "remove them there")
    if missing:
        return warn("search attributes", f"missing: {', '.join(missing)}", "a worker adds them at its start")
    return ok("search attributes", ", ".join(SEARCH_ATTRIBUTES))


async def workers(client: Client, place: Place) -> AsyncIterator[Finding]:
    """Whether each queue has somebody who takes its tasks."""
    queues = [(TASK_QUEUE, WORKFLOWS, "runs wait"), (TASK_QUEUE, ACTIVITIES, "effects wait")]
    try:
        catalogue = load_catalogue(Settings.of(place.env).models, place.env)
    except CatalogueError:
        pass  # told elsewhere
    else:
        queues += [
            (route.task_queue, ACTIVITIES, f"calls of {name} wait")
            for name, route in catalogue.routes.items()
        ]
    for queue, kind, otherwise in queues:
        found = await client.workflow_service.describe_task_queue(
            DescribeTaskQueueRequest(
                namespace=client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=kind
            ),
            timeout=RPC_PATIENCE,
        )
        what = f"worker for {queue}" + (" (workflows)" if kind == WORKFLOWS else "")
        names = sorted({poller.identity for poller in found.pollers})
        yield ok(what, ", ".join(names)) if names else warn(what, f"nobody; {otherwise}", WORKER)


def of_builds(found: Builds) -> Iterator[Finding]:
    """Nothing where no run is pinned and no worker has a build."""
    for build in found.waited_for:
        yield warn(f"build {build.id}", waiting_words(build, found.open_runs[build]), START_IT)
    if found.new_runs_wait:
        whom = f"build {found.current}" if found.current is not None else "a worker without a build"
        yield warn("builds", f"new runs wait for {whom}", "`python starter.py promote` names another")
    elif found.current is not None and found.working:
        yield ok("builds", f"new runs go to {found.current}")
