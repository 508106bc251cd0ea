"""A run without what people wrote, that can still be explained and proven.

What came in from outside (the start's arguments, results, failures, answers) is redacted by the types of
its contracts. Everything that the code made of it is not edited but made again: the code runs on the redacted
history, and what it says, digests included, takes the place of what is recorded. So a redacted run verifies
as what it is, and only if the original did; else its texts are replaced word for word and its digests stay.
"""

import base64
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from temporalio import workflow
from temporalio.api.enums.v1 import EventType
from temporalio.api.failure.v1 import Failure as RecordedFailure
from temporalio.api.history.v1 import HistoryEvent
from temporalio.bridge.proto.workflow_commands import WorkflowCommand
from temporalio.client import WorkflowHistory

from contracts.approvals import Answer
from contracts.attempts import Failure
from contracts.leases import close_lease, open_lease
from contracts.repairs import Repair
from contracts.sheet import resolve_routes, resolve_sheet
from contracts.steps import Effect, ModelTask
from operations.commands import paired
from operations.histories import HistoryError, attributes_of, decided, workflow_type
from operations.placeholders import Placeholders
from operations.recomputing import recomputing
from operations.typed_texts import replaced, words_in
from operations.verification import verify_by
from workflows.kernel.approvals import ANSWER
from workflows.kernel.parking import REPAIR
from workflows.kernel.trail import HEADER

__all__ = ["redact"]

Kind = EventType
# What the kernel keeps books with: numbers and names of configuration.
BOOKKEEPING = frozenset(step.name for step in (resolve_sheet, resolve_routes, open_lease, close_lease))
# Any action: the recomputed trail has the right one, and a digest of the real one would tell guesses apart.
NO_ACTION = "0" * 16


async def redact(history: WorkflowHistory, workflows: Sequence[Any]) -> tuple[WorkflowHistory, bool]:
    """The history with placeholders, and whether its digests are made anew. Raises HistoryError."""
    known = [each for each in workflows if each.plan.name == workflow_type(history)]
    if not known:
        raise HistoryError(
            f"{history.workflow_id}: no workflow {workflow_type(history)!r}, so no types to go by"
        )
    put = Placeholders()
    copy = WorkflowHistory(history.workflow_id, [copied(event) for event in history.events])
    Outside(known[0], put).redact(copy)
    async with recomputing(workflows) as recompute:
        try:
            provable = (await verify_by(history, recompute)).holds
        except HistoryError:
            provable = False
        if provable:
            past = decided(copy)
            recomputed = await recompute(past)
            for event, number in paired(past, recomputed.commands):
                if number is not None:
                    adopt(event, recomputed.commands[number])
            if (await verify_by(copy, recompute)).holds:
                return copy, True
    for event in copy.events:
        word_for_word(event, put)
    return copy, False


def copied(event: HistoryEvent) -> HistoryEvent:
    made = HistoryEvent()
    made.CopyFrom(event)
    return made


class Outside:
    """Redacts what a run was given."""

    def __init__(self, workflow_class: Any, put: Placeholders) -> None:
        plan = workflow_class.plan
        self._arguments = workflow._Definition.must_from_class(workflow_class).arg_types or []
        lookups = [step.lookup for step in plan.steps if isinstance(step, Effect) and step.lookup is not None]
        self._steps = {step.name: step for step in (*plan.steps, *lookups)}
        self._words = frozenset(word for step in plan.steps for word in words_in(step.reply))
        self._put = put

    def redact(self, history: WorkflowHistory) -> None:
        """In place."""
        scheduled: dict[int, str] = {}
        for event in history.events:
            attributes = attributes_of(event)
            match event.event_type:
                case Kind.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
                    scheduled[event.event_id] = attributes.activity_type.name
                case Kind.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
                    self._in_result(scheduled[attributes.scheduled_event_id], attributes.result.payloads)
                case Kind.EVENT_TYPE_ACTIVITY_TASK_FAILED:
                    self._in_failure(attributes.failure)
                case Kind.EVENT_TYPE_MARKER_RECORDED if "data" in attributes.details:
                    self._in_marker(attributes)
                case _:
                    self._in_what_people_said(event, attributes)

    def _in_what_people_said(self, event: HistoryEvent, attributes: Any) -> None:
        match event.event_type:
            case Kind.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
                for type_, payload in zip(self._arguments, attributes.input.payloads, strict=False):
                    self._in_payload(type_, payload)
                self._in_words(event)
            case Kind.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:
                request = attributes.accepted_request.input
                for payload in request.args.payloads:
                    self._in_update(request.name, payload)
            case Kind.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
                for payload in attributes.input.payloads:
                    self._in_payload(Any, payload)
            case Kind.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED:
                attributes.reason = self._put.of(attributes.reason)

    def _in_marker(self, attributes: Any) -> None:
        name = json.loads(attributes.details["data"].payloads[0].data).get("activity_type", "")
        self._in_result(name, attributes.details["result"].payloads)
        if attributes.HasField("failure"):
            self._in_failure(attributes.failure)

    def _in_payload(self, type_: Any, payload: Any) -> None:
        try:
            says = json.loads(payload.data)
        except ValueError:
            return
        payload.data = compact(replaced(type_, says, self._put.of, self._words))

    def _in_result(self, step: str, payloads: Any) -> None:
        if step in BOOKKEEPING:
            return
        declared = self._steps.get(step)
        type_ = Any if declared is None else declared.reply
        if isinstance(declared, ModelTask):
            type_ = declared.result
        for payload in payloads:
            self._in_payload(type_, payload)

    def _in_failure(self, failure: RecordedFailure) -> None:
        if failure.HasField("application_failure_info"):
            failure.message = self._put.of(failure.message)
            for payload in failure.application_failure_info.details.payloads:
                self._in_payload(Failure, payload)
        if failure.HasField("cause"):
            self._in_failure(failure.cause)

    def _in_update(self, name: str, payload: Any) -> None:
        if name == ANSWER:
            answer = Answer.model_validate_json(payload.data)
            proof = with_other_name(answer.proof, self._put.of)
            payload.data = (
                answer.model_copy(update={"action": NO_ACTION, "proof": proof}).model_dump_json().encode()
            )
        elif name == REPAIR:
            self._in_payload(Repair, payload)
        else:
            self._in_payload(Any, payload)

    def _in_words(self, event: HistoryEvent) -> None:
        for each in (event.user_metadata.summary, event.user_metadata.details):
            if each.data:
                each.data = compact(self._put.within(json.loads(each.data)))


def with_other_name(proof: str, put: Callable[[str], str]) -> str:
    """A proof that says who, and proves nothing."""
    body = proof.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    said = compact({"sub": put(str(claims["sub"]))})
    return f"redacted.{base64.urlsafe_b64encode(said).decode().rstrip('=')}.redacted"


def compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode(errors="surrogatepass")


def adopt(event: HistoryEvent, command: WorkflowCommand) -> None:
    """Have a recorded event say what the code says on the redacted history."""
    attributes = attributes_of(event)
    match event.event_type:
        case Kind.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
            made = command.schedule_activity
            put_payloads(attributes.input.payloads, made.arguments)
            if HEADER in made.headers:
                attributes.header.fields[HEADER].data = made.headers[HEADER].data
        case Kind.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
            put_payloads(attributes.result.payloads, [command.complete_workflow_execution.result])
        case Kind.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED:
            attributes.failure.CopyFrom(command.fail_workflow_execution.failure)
        case Kind.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED:
            if command.update_response.HasField("completed"):
                put_payloads(attributes.outcome.success.payloads, [command.update_response.completed])
    event.user_metadata.summary.data = command.user_metadata.summary.data


def put_payloads(into: Any, made: Sequence[Any]) -> None:
    for payload, other in zip(into, made, strict=True):
        payload.data = other.data


def word_for_word(event: HistoryEvent, put: Placeholders) -> None:
    """What is known from outside, wherever else it stands."""
    for payload in payloads_of(event):
        try:
            says = json.loads(payload.data)
        except ValueError:
            continue
        payload.data = compact(replaced(Any, says, put.within))


def payloads_of(event: HistoryEvent) -> Iterator[Any]:
    """The payloads that a command of the code made."""
    attributes = attributes_of(event)
    match event.event_type:
        case Kind.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
            yield from attributes.input.payloads
            yield from (payload for name, payload in attributes.header.fields.items() if name == HEADER)
        case Kind.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
            yield from attributes.result.payloads
        case Kind.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED:
            yield from attributes.failure.application_failure_info.details.payloads
        case Kind.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED:
            yield from attributes.outcome.success.payloads
    if event.user_metadata.summary.data:
        yield event.user_metadata.summary
