"""The world of a ticket, small and real: a provider that can be scripted, payments, a shop, mail, people."""

import asyncio
import itertools
import json
import os
import shutil
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from temporalio import activity
from temporalio.client import Client, Plugin, WorkflowHandle
from temporalio.worker import Interceptor

from activities.approvers import new_key, sign
from activities.database import Database
from activities.tenant_ledger import TenantLedger
from connection import Settings, ensure_search_attributes
from contracts.approvals import Answer, Verdict
from contracts.receipts import Status, Waiting
from contracts.repairs import Abort, Repair, Retry, Supply
from contracts.resolutions import Resolution
from contracts.sheet import Sheet, SheetRequest, resolve_sheet
from contracts.terms import Amount, Terms
from contracts.tickets import Ticket
from operations.certificates import exceeded
from operations.inbox import read_inbox
from operations.starting import start
from payloads.storage import converter_for
from samples.build_shop import build_shop
from samples.payments import PaymentServer, serving
from tests.fault_server import Exchange, FaultServer, faults
from tests.fault_server.server import good
from worker import CACHED_RUNS, WORKFLOWS, Parts, build, workers, working
from workflows.kernel.approvals import ANSWER
from workflows.kernel.parking import REPAIR
from workflows.resolve_ticket import PLAN, ResolveTicket, Stage

__all__ = [
    "MAIN",
    "ROUTES",
    "SAMPLES",
    "TRUTH",
    "World",
    "as_read",
    "models_toml",
    "reads_by_truth",
    "sample",
]

SAMPLES = Path(__file__).parents[2] / "samples" / "tickets"
TRUTH: dict[str, Any] = json.loads((SAMPLES.parent / "truth.json").read_text())
TICKETS = {each.label: each.ticket for each in read_inbox([str(SAMPLES)], BytesIO())}
NUMBERS = itertools.count(1)
# Of a worker, what runs workflows and tools, and what asks models.
MAIN, ROUTES, BOTH = slice(0, 1), slice(1, None), slice(None)


def sample(name: str) -> Ticket:
    """A sample ticket by the start of its label."""
    (ticket,) = (ticket for label, ticket in TICKETS.items() if label.startswith(name))
    return ticket


def models_toml(
    profile: str, address: str, slots: int = 4, timeout: float = 5, *, circuit: bool = False
) -> str:
    """A catalogue of one priced route on loopback.

    Without a circuit, since a test's fault is meant for one attempt and must not keep others away.
    """
    return (
        f'[routes.{profile}]\naddress = "{address}"\nmodel = "scripted"\ncontext_tokens = 4096\n'
        f"max_output_tokens = 1024\ntimeout = {timeout}\nslots = {slots}\n"
        f'price = {{ input = "0.15", output = "0.60" }}\ncircuit = {str(circuit).lower()}\n'
    )


def as_read(name: str) -> Any:
    """A provider's answer that reads the ticket as a person would."""
    (truth,) = (truth for file, truth in TRUTH.items() if file.startswith(name))
    return faults.reply({**truth["reading"], "summary": "what the customer wrote"})


async def reads_by_truth(exchange: Exchange) -> None:
    """A provider that reads every sample as a person would, whichever comes first."""
    asked = exchange.request["messages"][-1]["content"]
    names = (name for name in TRUTH if asked.startswith(f"<mail>\n{TICKETS[name].subject}\n"))
    name = next(names, None) if exchange.entry.task == "read_ticket" else None
    await (good if name is None else as_read(name))(exchange)


@cache
def empty_ledger() -> bytes:
    """An SQLite database as the first worker makes it: made once, and copied into each world."""
    with TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/ledger.db")
        database.upgrade()
        database.close()
        return Path(folder, "ledger.db").read_bytes()


def activity_name(tool: Any) -> str:
    return str(getattr(tool, "__temporal_activity_definition").name)


@dataclass
class World:
    """One test's world."""

    client: Client
    folder: Path
    provider: FaultServer
    payments: PaymentServer
    settings: Settings
    profile: str
    task_queue: str
    ledger: TenantLedger
    """The tenants', with a database of this world."""
    thresholds: dict[str, Decimal] = field(default_factory=dict)
    """Instead of the plan's, in the sheets of runs that start from now on."""
    kept: list[Any] = field(default_factory=list)
    """What must not be collected before the world ends."""

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, temporal: str, folder: Path, plugins: Sequence[Plugin] = (), database_url: str = ""
    ) -> AsyncIterator["World"]:
        """A world of its own on a shared Temporal server."""
        number = f"{os.getpid()}-{next(NUMBERS)}"
        async with AsyncExitStack() as stack:
            provider = await stack.enter_async_context(FaultServer())
            payments = stack.enter_context(serving(folder / "payments.jsonl"))
            build_shop(folder / "shop.db", datetime.now(UTC).date())
            catalogue = folder / "models.toml"
            catalogue.write_text(models_toml(f"test-{number}", provider.address))
            new_key(folder / "approvers", "ada")
            settings = Settings.of(
                {
                    "TENUTO_HOME": str(folder),
                    "TENUTO_MODELS": str(catalogue),
                    "TENUTO_PAYMENTS_URL": payments.url,
                    "TENUTO_DATABASE_URL": database_url,
                }
            )
            database = Database(settings.database_url)
            stack.callback(database.close)
            if database.file is not None:
                database.file.write_bytes(empty_ledger())
            database.upgrade()
            client = await Client.connect(
                temporal,
                data_converter=converter_for(settings.payloads),
                identity="tenuto-tests",
                plugins=plugins,
            )
            await ensure_search_attributes(client)
            yield cls(
                client,
                folder,
                provider,
                payments,
                settings,
                f"test-{number}",
                f"tenuto-{number}",
                TenantLedger(database),
            )

    @asynccontextmanager
    async def working(
        self,
        workflows: Sequence[type] = WORKFLOWS,
        *,
        watched: Sequence[Interceptor] = (),
        env: Mapping[str, str] | None = None,
        cached_runs: int = CACHED_RUNS,
        tools: Sequence[Callable[..., Any]] = (),
        which: slice = BOTH,
    ) -> AsyncIterator[None]:
        """With a worker, built as worker.py builds it, and a test's own tools; or with half of it."""
        parts = self.with_thresholds(build(self.settings, dict(env or {}), watched))
        parts = replace(parts, tools=[*parts.tools, *tools])
        async with AsyncExitStack() as stack:
            stack.callback(parts.ledger.database.close)
            stack.push_async_callback(parts.models.close)
            stack.push_async_callback(parts.refunds.close)
            made = workers(self.client, parts, self.task_queue, workflows, cached_runs=cached_runs)
            await stack.enter_async_context(working(made[which]))
            yield

    def with_thresholds(self, parts: Parts) -> Parts:
        """The same parts, but for sheets in which this world's thresholds stand."""
        (resolve,) = (tool for tool in parts.tools if activity_name(tool) == resolve_sheet.name)

        @activity.defn(name=resolve_sheet.name)
        async def with_changes(request: SheetRequest) -> Sheet:
            sheet: Sheet = await resolve(request)
            return sheet.model_copy(update={"thresholds": {**sheet.thresholds, **self.thresholds}})

        return replace(parts, tools=[*(tool for tool in parts.tools if tool != resolve), with_changes])

    def terms(self, **changes: Any) -> Terms:
        """The workflow's defaults for the tenant `acme`, asked for by bob."""
        measures = [name for name in Amount.model_fields if name in changes]
        cap = PLAN.cap.model_copy(update={name: changes.pop(name) for name in measures})
        defaults: Mapping[str, Any] = {
            "tenant": "acme",
            "requested_by": "bob",
            "cap": cap,
            "deadline": PLAN.deadline,
            "profile": self.profile,
        }
        return Terms(**{**defaults, **changes})

    async def start(self, ticket: Ticket, **changes: Any) -> WorkflowHandle[Any, Resolution]:
        """Start a run under an id of this world."""
        name = f"{self.profile}/{next(NUMBERS)}"
        terms = self.terms(**changes)
        await start(self.client, ResolveTicket, ticket, terms, task_queue=self.task_queue, workflow_id=name)
        return self.client.get_workflow_handle(name, result_type=Resolution)

    async def resolve(self, ticket: Ticket, **changes: Any) -> Resolution:
        """Start a run and wait for its end."""
        return await self.ended(await self.start(ticket, **changes))

    async def ended(self, handle: WorkflowHandle[Any, Resolution]) -> Resolution:
        """Its result, within a minute; no run may come to more than its certificate."""
        resolution = await asyncio.wait_for(handle.result(), 60)
        assert exceeded(await handle.fetch_history(), WORKFLOWS) == []
        return resolution

    async def status(self, handle: WorkflowHandle[Any, Resolution]) -> Status | None:
        """By query."""
        answer = await handle.query("status", result_type=Status)
        return answer if answer is None else Status.model_validate(answer)

    async def in_stage(self, handle: WorkflowHandle[Any, Resolution], stage: Stage) -> Status:
        """Its status once it has come to rest in a stage."""
        before = None
        for _ in range(400):
            status = await self.status(handle)
            if status is not None and status.stage == stage and status == before:
                return status
            before = status
            await asyncio.sleep(0.1)
        raise AssertionError(f"the run never came to {stage}; it is at {before}")

    async def asked(self) -> None:
        """Return when the provider has a request."""
        for _ in range(400):
            if self.provider.entries:
                return
            await asyncio.sleep(0.02)
        raise AssertionError("nobody asks the provider")

    async def waiting(self, handle: WorkflowHandle[Any, Resolution], *, parked: bool = False) -> Waiting:
        """What the run waits a person for, as soon as it does: an approval, or a repair."""
        for _ in range(400):
            status = await self.status(handle)
            for wait in status.waiting if status else []:
                if wait.parked if parked else wait.action:
                    return wait
            await asyncio.sleep(0.05)
        raise AssertionError("the run asks nobody")

    async def repair(self, handle: WorkflowHandle[Any, Resolution], action: Retry | Supply | Abort) -> Any:
        """Mend as ada what is parked; WorkflowUpdateFailedError when it is refused."""
        parked = (await self.waiting(handle, parked=True)).parked or ""
        return await handle.execute_update(REPAIR, Repair(parked=parked, by="ada", action=action))

    def proof(self, action: str, verdict: Verdict = Verdict.APPROVE, by: str = "ada") -> str:
        """Signed with the key that this world made for `by`."""
        expires = datetime.now(UTC) + timedelta(minutes=5)
        key = self.folder / "approvers" / f"{by}.key"
        return sign(key, action=action, verdict=verdict, expires=expires)

    async def answer(self, handle: WorkflowHandle[Any, Resolution], answer: Answer) -> Any:
        """Send an answer; WorkflowUpdateFailedError when it is refused."""
        return await handle.execute_update(ANSWER, answer)

    async def approve(
        self, handle: WorkflowHandle[Any, Resolution], verdict: Verdict = Verdict.APPROVE
    ) -> None:
        """Answer as ada what the run asks."""
        action = (await self.waiting(handle)).action or ""
        await self.answer(handle, Answer(action=action, verdict=verdict, proof=self.proof(action, verdict)))

    def add_fallback(self) -> None:
        """Give the world's profile a second route; for workers that start from now on."""
        names = [self.profile, f"{self.profile}-next"]
        routes = [models_toml(name, self.provider.address) for name in names]
        self.settings.models.write_text("\n".join([f"[profiles]\n{self.profile} = {names!r}\n", *routes]))

    def break_mail(self) -> None:
        """Put a file where the customers' mail box should be: no reply can be sent."""
        box = self.folder / "mail" / "customers"
        shutil.rmtree(box)
        box.write_text("not a folder")

    def refunds(self) -> list[str]:
        """The orders that were paid back and not voided."""
        return [refund.order_number for refund, voided in self.payments.book.refunds() if not voided]

    def mails(self, box: str) -> list[str]:
        """The mails in a Maildir."""
        new = self.folder / "mail" / box / "new"
        return [file.read_text() for file in sorted(new.iterdir())] if new.exists() else []

    def spent(self) -> Decimal:
        """What the provider billed, at the profile's price."""
        entries = self.provider.entries
        return sum(
            (Decimal("0.15") * e.input_tokens + Decimal("0.60") * e.output_tokens for e in entries),
            Decimal(0),
        ) / Decimal(1_000_000)
