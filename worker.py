"""The composition root: builds the clients, registers workflows and activities, works until told to stop."""

import os
import signal

if __name__ == "__main__":

    def leave_at_once(number: int, frame: object) -> None:
        """Ctrl-C before anything is under way. An exception would surface wherever modules are loaded."""
        os.write(2, b"worker: stopped\n")
        os._exit(130)

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, leave_at_once)

import argparse
import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.service import RPCError
from temporalio.worker import (
    Interceptor,
    Worker,
    WorkerDeploymentConfig,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

from activities.approvers import Approvers
from activities.catalogue import Catalogue, CatalogueError, Endpoint, load_catalogue
from activities.database import Database, DatabaseError
from activities.documents import DocumentActivities
from activities.lease_upkeep import LeaseUpkeep
from activities.leases import LeaseActivities
from activities.mail import MailActivities
from activities.maildir import MaildirOutbox
from activities.orders import OrderActivities
from activities.payload_upkeep import PayloadUpkeep
from activities.provider_gate import ProviderGate
from activities.records import RecordActivities
from activities.refunds import RefundActivities
from activities.sheets import SheetActivities
from activities.smtp import SmtpOutbox
from activities.tenant_ledger import TenantLedger
from connection import TASK_QUEUE, NotConnected, Settings, connect, ensure_search_attributes, server_said
from embedded.surroundings import complete
from operations.builds import Build, BuildError, build_here, make_current
from operations.code_version import build_id
from operations.kept_runs import any_started_by, namespace_id
from operations.lease_accounts import account_of
from operations.sandbox import sandbox
from operations.starting import PlannedWorkflow
from operations.upkeep import ensure_payloads_schedule, ensure_schedule
from payloads.folder import BlobFolder, PayloadsError
from payloads.storage import documents_in, folder_at
from process import end
from telemetry.log_lines import formatter, without_our_traces
from telemetry.provider_calls import ProviderCalls, content_wanted
from telemetry.setup import Telemetry, begin
from workflows.extract_records import ExtractRecords
from workflows.kernel.approvals import VERIFY_PROOF
from workflows.kernel.trail import TrailInterceptor
from workflows.resolve_ticket import ResolveTicket
from workflows.upkeep.close_leases import CloseLeases
from workflows.upkeep.remove_payloads import RemoveUnneeded

if TYPE_CHECKING:
    from activities.models import ModelActivities

__all__ = ["UPKEEP", "WORKFLOWS", "Parts", "build", "workers", "working"]

WORKFLOWS: list[type[PlannedWorkflow]] = [
    ResolveTicket,
    ExtractRecords,
]
UPKEEP = [CloseLeases, RemoveUnneeded]
"""Started by schedules; they have no terms and tell no story."""

# The server forgets a dead worker's sticky queue after this long; most of a recovery was spent here.
STICKY_PATIENCE = timedelta(seconds=0.5)
# Heartbeats are sent at most this often. It must stay well below the shortest heartbeat timeout.
HEARTBEAT_THROTTLE = timedelta(seconds=0.3)
# As many as the SDK keeps by itself; a run that falls out is replayed when it goes on.
CACHED_RUNS = 1_000
# A worker that stops lets every attempt end: one that is cut off would be booked as unknown.
DRAIN = timedelta(seconds=130)
# The server registers a build's queues one after the other, within a second or two.
CURRENT_PATIENCE = timedelta(seconds=60)


class ProofInterceptor(Interceptor):
    """Lends workflows the one thing they cannot know: the approvers' keys."""

    def __init__(self, verify: Callable[[str], dict[str, Any]]) -> None:
        self._verify = verify

    def workflow_interceptor_class(
        self, input: WorkflowInterceptorClassInput
    ) -> type[WorkflowInboundInterceptor] | None:
        input.unsafe_extern_functions[VERIFY_PROOF] = self._verify
        return None


@dataclass(frozen=True)
class Parts:
    """Everything that a worker needs, built once."""

    catalogue: Catalogue
    models: "ModelActivities"
    refunds: RefundActivities
    ledger: TenantLedger
    tools: Sequence[Callable[..., Any]]
    """Reads, effects and bookkeeping: what runs on the workflows' own queue."""
    interceptors: Sequence[Interceptor]
    documents: BlobFolder
    payloads: BlobFolder | None
    """Where large values are kept, unless in a bucket."""


def build(settings: Settings, env: dict[str, str], watched: Sequence[Interceptor] = ()) -> Parts:
    """Build every part.

    Raises CatalogueError for a wrong models.toml, DatabaseError or PayloadsError for a wrong URL.
    """
    # Here, since the provider's client takes long to load, and commands only ask for WORKFLOWS.
    from activities.models import ModelActivities

    ledger = TenantLedger(Database(settings.database_url))
    catalogue = load_catalogue(settings.models, env)
    customers = (
        SmtpOutbox(settings.smtp_url) if settings.smtp_url else MaildirOutbox(settings.mail / "customers")
    )
    mail = MailActivities(customers=customers, desk=MaildirOutbox(settings.mail / "desk"))
    refunds = RefundActivities(settings.payments_url)
    documents = documents_in(settings.documents)
    tools = [
        *OrderActivities(settings.shop).activities(),
        *DocumentActivities(documents).activities(),
        *refunds.activities(),
        *mail.activities(),
        *SheetActivities(catalogue, mail.offers).activities(),
        *LeaseActivities(ledger).activities(),
        *RecordActivities(ledger.database).activities(),
    ]
    proofs = ProofInterceptor(Approvers(settings.approvers).verify)
    calls = ProviderCalls(content=content_wanted(env))
    models = ModelActivities(catalogue, calls, ProviderGate(ledger.database))
    interceptors = [TrailInterceptor(), proofs, *watched]
    return Parts(
        catalogue, models, refunds, ledger, tools, interceptors, documents, folder_at(settings.payloads)
    )


def workers(
    client: Client,
    parts: Parts,
    task_queue: str = TASK_QUEUE,
    workflows: Sequence[type] = WORKFLOWS,
    *,
    cached_runs: int = CACHED_RUNS,
    own: Build | None = None,
) -> list[Worker]:
    """One for workflows and tools, and one for each model route with as many slots as the route has.

    All of one build: what a pinned run asks for is made by the code that the run began with.
    """
    versions = None if own is None else pinned(own)
    leases = LeaseUpkeep(parts.ledger, partial(account_of, client))
    kept = [parts.documents] if parts.payloads is None else [parts.documents, parts.payloads]
    payloads = PayloadUpkeep(kept, partial(namespace_id, client), partial(any_started_by, client))
    main = Worker(
        client,
        task_queue=task_queue,
        workflows=[*workflows, *UPKEEP],
        activities=[*parts.tools, *leases.activities(), *payloads.activities()],
        interceptors=parts.interceptors,
        workflow_runner=sandbox(),
        max_cached_workflows=cached_runs,
        sticky_queue_schedule_to_start_timeout=STICKY_PATIENCE,
        max_heartbeat_throttle_interval=HEARTBEAT_THROTTLE,
        default_heartbeat_throttle_interval=HEARTBEAT_THROTTLE,
        graceful_shutdown_timeout=DRAIN,
        deployment_config=versions,
    )
    routes = [
        Worker(
            client,
            task_queue=route.task_queue,
            activities=parts.models.activities(),
            interceptors=parts.interceptors,
            max_concurrent_activities=route.slots,
            # Kept by the server for the whole queue, so over all workers.
            max_task_queue_activities_per_second=per_second(parts.catalogue.endpoint(route.name)),
            max_heartbeat_throttle_interval=HEARTBEAT_THROTTLE,
            default_heartbeat_throttle_interval=HEARTBEAT_THROTTLE,
            graceful_shutdown_timeout=DRAIN,
            deployment_config=versions,
        )
        for route in parts.catalogue.routes.values()
    ]
    return [main, *routes]


@asynccontextmanager
async def working(started: Sequence[Worker]) -> AsyncIterator[None]:
    """They work in the block; at its end all take nothing new from that moment on, and drain side by side.

    Left to an exit stack alone, one would be told when the one before it has drained.
    """
    async with AsyncExitStack() as running:
        for each in started:
            await running.enter_async_context(each)
        try:
            yield
        finally:
            await asyncio.gather(*(each.shutdown() for each in started))


def pinned(build: Build) -> WorkerDeploymentConfig:
    """A run stays with the build that took its first task, and is never moved to another."""
    return WorkerDeploymentConfig(
        version=WorkerDeploymentVersion(build.deployment, build.id),
        use_worker_versioning=True,
        default_versioning_behavior=VersioningBehavior.PINNED,
    )


def per_second(endpoint: Endpoint) -> float | None:
    requests = endpoint.requests_per_minute
    return None if requests is None else requests / 60


async def work(telemetry: Telemetry, own: Build | None, *, current: bool) -> None:
    """Work until SIGINT or SIGTERM; then take nothing new and let what is under way end."""
    parts = build(Settings.of(os.environ), dict(os.environ), telemetry.interceptors)
    await asyncio.to_thread(parts.ledger.database.upgrade)
    client = await connect(telemetry.runtime)
    await ensure_search_attributes(client)
    await ensure_schedule(client, TASK_QUEUE)
    if parts.payloads is not None:
        await asyncio.to_thread(parts.payloads.note_user, await namespace_id(client))
    await ensure_payloads_schedule(client, TASK_QUEUE)
    stop = asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, stop.set)
    async with AsyncExitStack() as running:
        running.push_async_callback(parts.models.close)
        running.push_async_callback(parts.refunds.close)
        started = workers(client, parts, own=own)
        await running.enter_async_context(working(started))
        if current:
            queues = {worker.task_queue for worker in started}
            await make_current(client, own, TASK_QUEUE, queues=queues, patience=CURRENT_PATIENCE)
        address, who = client.service_client.config.target_host, client.identity
        what = f", build {own}" if own is not None else ""
        logging.getLogger("worker").info("working on %s as %s%s", address, who, what)
        await stop.wait()
        logging.getLogger("worker").info("stopping: what is under way may end first")


EXAMPLES = """\
examples:
  # any worker goes on with any run
  python worker.py
  # runs stay with the build that began them; `python starter.py promote` gives new runs to this one
  python worker.py --deployment tenuto
  # the same, and new runs are its own at once: for a machine with one worker
  python worker.py --deployment tenuto --current
  # which build is this? The same for the same workflows/ and contracts/, wherever they lie
  python worker.py --print-build
"""


def options_of(arguments: Sequence[str]) -> argparse.Namespace:
    """Raises SystemExit after `--help`, and for wrong usage."""
    parser = argparse.ArgumentParser(
        prog="worker.py",
        description="Works on runs until SIGINT or SIGTERM; its environment says where everything is.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--deployment",
        metavar="NAME",
        default=Settings.of(os.environ).deployment,
        help="pin each run to the build that begins it, under this name (default: TENUTO_DEPLOYMENT, or off)",
    )
    parser.add_argument("--current", action="store_true", help="have new runs come to this build at once")
    parser.add_argument("--print-build", action="store_true", help="print this code's build id, and end")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """Exit status 0 after an orderly stop, 1 when it could not begin."""
    options = options_of(arguments)
    if options.print_build:
        print(build_id())  # noqa: T201 - what was asked for
        return 0
    lines = logging.StreamHandler()
    lines.setFormatter(formatter(os.environ))
    lines.addFilter(without_our_traces)
    logging.basicConfig(level=logging.INFO, handlers=[lines])
    os.environ.update(complete(os.environ))
    telemetry = begin(os.environ)
    try:
        own = build_here(options.deployment) if options.deployment else None
        asyncio.run(work(telemetry, own, current=options.current))
    except (NotConnected, CatalogueError, DatabaseError, PayloadsError, BuildError) as error:
        print(f"worker: {error}", file=sys.stderr)  # noqa: T201 - a program's own last words
        return 1
    except RPCError as error:
        print(f"worker: {server_said(error)}", file=sys.stderr)  # noqa: T201
        return 1
    finally:
        telemetry.end()
    return 0


if __name__ == "__main__":
    try:
        code = main(sys.argv[1:])
    except SystemExit as usage:
        code = usage.code if isinstance(usage.code, int) else 2
    except KeyboardInterrupt:
        code = 130  # it has stopped in order, and only its telemetry was still being sent
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is over, and its code is known
    end(code)
