"""The job written by hand on temporalio: typed values, retries, timeouts, heartbeats; no kernel.

The activities are the kernel's own, so requests and replies are the same values. What is left out is what the
kernel is for: budget, trail, stages, deadline, way out. The server retries a failed model call.
"""

from datetime import timedelta
from decimal import Decimal
from typing import TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy

from contracts.attempts import ModelCall, ModelReply
from contracts.orders import FindOrder, OrderSearch
from contracts.tickets import DraftReply, ReadTicket, ReplyDraft, Ticket, TicketReading
from contracts.values import Value

# As the contracts are: values, the same for every run.
with workflow.unsafe.imports_passed_through():
    from bench.job import Answered, Remedy

__all__ = ["ByHand", "ByHandLocal", "asked", "call"]

Reply = TypeVar("Reply", bound=Value)

MODEL_TIMEOUT = timedelta(seconds=120)
HEARTBEAT = timedelta(seconds=3)
LOOKUP_TIMEOUT = timedelta(seconds=5)
MODEL_RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=4)
LOOKUP_RETRIES = RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_attempts=3)


class Job:
    """The three steps. A subclass says where the lookup runs."""

    local: bool

    async def answer(self, ticket: Ticket, profile: str) -> Answered:
        reading = await asked(
            "read_ticket",
            ReadTicket(subject=ticket.subject, text=ticket.text),
            TicketReading,
            call(profile, 256),
            "read the ticket",
        )
        search = await self.find(FindOrder(number=reading.order_number, customer_email=ticket.sender))
        order = search.order
        remedy = Remedy.DENIED
        if search.matches != 1:
            remedy = Remedy.ASK_ORDER_NUMBER
        elif order is not None and order.customer_email == ticket.sender and order.refunded > 0:
            remedy = Remedy.ALREADY_REFUNDED
        drafting = DraftReply(
            customer=order.customer_name if order else "customer",
            summary=reading.summary,
            remedy=remedy.value,
            order_number=order.number if order else None,
        )
        draft = await asked("draft_reply", drafting, ReplyDraft, call(profile, 400), "draft the reply")
        return Answered(remedy=remedy, reply=draft.text)

    async def find(self, request: FindOrder) -> OrderSearch:
        found: OrderSearch
        if self.local:
            found = await workflow.execute_local_activity(
                "find_order",
                request,
                result_type=OrderSearch,
                start_to_close_timeout=LOOKUP_TIMEOUT,
                retry_policy=LOOKUP_RETRIES,
                summary="look the order up",
            )
        else:
            found = await workflow.execute_activity(
                "find_order",
                request,
                result_type=OrderSearch,
                start_to_close_timeout=LOOKUP_TIMEOUT,
                retry_policy=LOOKUP_RETRIES,
                summary="look the order up",
            )
        return found


async def asked(task: str, request: Value, reply: type[Reply], by: ModelCall, summary: str) -> Reply:
    """What the model says, as a value; the server retries a failed call."""
    said: ModelReply[Reply] = await workflow.execute_activity(
        task,
        args=[request, by],
        task_queue=f"tenuto-model-{by.route}",
        result_type=ModelReply[reply],  # type: ignore[valid-type]
        start_to_close_timeout=MODEL_TIMEOUT,
        heartbeat_timeout=HEARTBEAT,
        retry_policy=MODEL_RETRIES,
        summary=summary,
    )
    return said.reply


def call(profile: str, max_output_tokens: int) -> ModelCall:
    """What the activity has to know beside the request."""
    return ModelCall(
        attempt_id=str(workflow.uuid4()),
        route=profile,
        model="scripted",
        max_output_tokens=max_output_tokens,
        max_input_bytes=22_000,
        temperature=Decimal(0),
        timeout_s=114.0,
    )


@workflow.defn(name="bench-by-hand")
class ByHand(Job):
    """Three plain activities."""

    local = False

    @workflow.run
    async def run(self, ticket: Ticket, profile: str) -> Answered:
        return await self.answer(ticket, profile)


@workflow.defn(name="bench-by-hand-local")
class ByHandLocal(Job):
    """The lookup as a local activity, as the kernel has it."""

    local = True

    @workflow.run
    async def run(self, ticket: Ticket, profile: str) -> Answered:
        return await self.answer(ticket, profile)
