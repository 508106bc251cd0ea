"""Whether the worker of this container takes tasks: `python -m deploy.polling` ends with 0 if it does.

The server is asked who polls the workflows' queue. A worker is found by its host's name, which ends the
identity that the SDK gives it. Readiness only: when the server is away every worker fails this at once, and
a restart would cut the calls that are under way, so it must never be the reason to kill one.
"""

import asyncio
import socket
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import PollerInfo, TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.service import RPCError

from connection import TASK_QUEUE, NotConnected, connect
from process import end

__all__ = ["is_polled", "polls"]

# A poll that finds nothing ends after a minute, and is followed by the next.
FRESH = timedelta(seconds=90)
PATIENCE = timedelta(seconds=5)


def polls(pollers: Iterable[PollerInfo], host: str, now: datetime) -> bool:
    """Whether one of these has polled from this host lately."""
    return any(
        poller.identity.endswith(f"@{host}") and now - poller.last_access_time.ToDatetime(tzinfo=UTC) < FRESH
        for poller in pollers
    )


async def is_polled(host: str, task_queue: str = TASK_QUEUE) -> bool:
    """Whether a worker of this host polls both kinds of tasks. Raises NotConnected and RPCError."""
    client = await connect()
    for kind in (TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY):
        request = DescribeTaskQueueRequest(
            namespace=client.namespace, task_queue=TaskQueue(name=task_queue), task_queue_type=kind
        )
        answer = await client.workflow_service.describe_task_queue(request, timeout=PATIENCE)
        if not polls(answer.pollers, host, datetime.now(UTC)):
            return False
    return True


def main() -> int:
    """0 when the worker polls, 1 with a line on standard error when it does not."""
    host = socket.gethostname()
    try:
        found = asyncio.run(is_polled(host))
    except (NotConnected, RPCError) as error:
        sys.stderr.write(f"polling: {error}\n")
        return 1
    if not found:
        sys.stderr.write(f"polling: no worker of {host} polls {TASK_QUEUE}\n")
    return 0 if found else 1


if __name__ == "__main__":
    end(main())
