"""From events to items, in the order in which things happened.

Trail entries ride with a later event, so each is put where it belongs: an attempt's booking to its attempt,
a decision behind the evidence that was taken in just before it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC
from typing import Any, ClassVar

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory

from contracts.sheet import Route, Routes, Sheet, resolve_routes, resolve_sheet
from operations.attempt_accounts import OUTCOMES, Account, json_of, seconds_between
from operations.evidence import local_activity_id
from operations.histories import HistoryError, attributes_of, decided, links
from operations.lease_items import LEASE_STEPS, lease_told
from operations.story_items import (
    CancelAsked,
    Item,
    LeaseNoted,
    PersonAnswered,
    PersonRepaired,
    ReadMade,
    SignalIgnored,
    StageEntered,
    Waited,
)
from operations.trail_entries import meaning_of
from operations.trail_places import TrailPlaces, summary_of
from workflows.kernel.approvals import claims_of
from workflows.kernel.parking import REPAIR
from workflows.kernel.run import STAGE

__all__ = ["Storyteller"]


class Storyteller:
    """Reads a history once; then `items`, `pending`, `sheet` and `started` are there.

    `pending` are trail entries that no event carries yet, as the current code makes them.
    """

    def __init__(self, history: WorkflowHistory, pending: Sequence[dict[str, Any]] = ()) -> None:
        self.sheet: Sheet | None = None
        self.started = True
        try:
            self._last = decided(history).events[-1].event_id
        except HistoryError:
            self.started, self._last = False, 0
        self._events = list(history.events)
        self._placed: list[tuple[int, int, Item]] = []
        self._accounts: dict[int, Account] = {}
        self._stages: list[tuple[HistoryEvent, str]] = []
        self._routes: dict[str | None, Route] = {}
        self._shown: set[str] = set()
        self._seen = TrailPlaces()
        for event in self._events:
            self._handlers.get(event.event_type, Storyteller._skip)(self, event)
        self._take_trail(history)
        self.pending = list(self._items_of(pending))
        self._tell_rest()

    @property
    def items(self) -> list[Item]:
        """In the order of events; what a trail entry tells comes behind the event that it follows from."""
        return [item for *_, item in sorted(self._placed, key=lambda placed: placed[:2])]

    def _item(self, event: HistoryEvent, make: Callable[..., Item], told: dict[str, Any]) -> Item:
        at, beyond = event.event_time.ToDatetime(UTC), event.event_id > self._last
        return make(event=event.event_id, at=at, beyond=beyond, **told)

    def _place(
        self, event: HistoryEvent, make: Callable[..., Item], anchor: int | None = None, **told: Any
    ) -> None:
        item = self._item(event, make, told)
        self._placed.append((event.event_id if anchor is None else anchor, len(self._placed), item))

    def _skip(self, event: HistoryEvent) -> None:
        """Bookkeeping of the server."""

    def _task(self, event: HistoryEvent) -> None:
        self._seen.tasks.append(event)

    def _stage(self, event: HistoryEvent) -> None:
        fields = attributes_of(event).search_attributes.indexed_fields
        if STAGE.name in fields:
            self._stages.append((event, str(json_of([fields[STAGE.name]])[0])))

    def _scheduled(self, event: HistoryEvent) -> None:
        account = self._accounts[event.event_id] = Account(event)
        account.route = self._routes.get(account.route_name)

    def _begun(self, event: HistoryEvent) -> None:
        self._accounts[attributes_of(event).scheduled_event_id].started = event

    def _ended(self, event: HistoryEvent) -> None:
        self._accounts[attributes_of(event).scheduled_event_id].ended = event

    def _marker(self, event: HistoryEvent) -> None:
        read_id, attributes = local_activity_id(event), attributes_of(event)
        if read_id is None:
            return
        details = json_of(attributes.details["data"].payloads)[0]
        step = str(details["activity_type"])
        replies = json_of(attributes.details["result"].payloads)
        if step == resolve_sheet.name:
            if replies:
                try:
                    self.sheet = Sheet.model_validate(replies[0])
                except ValueError:
                    return  # of another version; the rest can still be told
                self._know(self.sheet.routes)
            return
        if step == resolve_routes.name and replies:
            with suppress(ValueError):
                self._know(Routes.model_validate(replies[0]).routes)
        self._seen.reads[read_id] = event
        failed = attributes.HasField("failure")
        failure = attributes.failure
        inner = failure.cause if failure.HasField("activity_failure_info") else failure
        if step in LEASE_STEPS:
            told = lease_told(step, replies[0] if replies else None, inner if failed else None)
            self._place(event, LeaseNoted, **told)
            return
        self._place(
            event,
            ReadMade,
            read_id=read_id,
            step=step,
            why=summary_of(event).removeprefix("because "),
            reply=replies[0] if replies else None,
            fault=inner.application_failure_info.type if failed else None,
            reason=inner.message if failed else None,
        )

    def _know(self, routes: Iterable[Route]) -> None:
        """What is scheduled from here on is priced by these."""
        self._routes |= {route.name: route for route in routes}

    def _timer(self, event: HistoryEvent) -> None:
        self._seen.timers[event.event_id] = (event, None)

    def _timer_over(self, event: HistoryEvent) -> None:
        started, _ = self._seen.timers[attributes_of(event).started_event_id]
        self._seen.timers[started.event_id] = (started, event)

    def _update(self, event: HistoryEvent) -> None:
        request = attributes_of(event).accepted_request
        asked = request.input
        content = json_of(asked.args.payloads)
        said = content[0] if content and isinstance(content[0], dict) else {}
        if asked.name == REPAIR:
            self._seen.repairs[request.meta.update_id] = event
            self._repair(event, said)
        else:
            self._answer(event, said)

    def _repair(self, event: HistoryEvent, repair: dict[str, Any]) -> None:
        action = repair.get("action")
        do = action.get("do") if isinstance(action, dict) else None
        told = {key: repair.get(key) for key in ("by", "parked", "because")}
        self._place(event, PersonRepaired, do=do, **told)

    def _answer(self, event: HistoryEvent, answer: dict[str, Any]) -> None:
        self._seen.answers.append(event)
        try:
            by = str(claims_of(answer["proof"])["sub"])
        except (KeyError, ValueError, IndexError, AttributeError, TypeError):
            by = None
        self._place(event, PersonAnswered, by=by, verdict=answer.get("verdict"), action=answer.get("action"))

    def _cancel(self, event: HistoryEvent) -> None:
        attributes = attributes_of(event)
        self._seen.cancelled = self._seen.cancelled or event
        self._place(event, CancelAsked, reason=attributes.cause, by=attributes.identity)

    def _signal(self, event: HistoryEvent) -> None:
        self._place(event, SignalIgnored, name=attributes_of(event).signal_name)

    def _take_trail(self, history: WorkflowHistory) -> None:
        seen = self._seen
        seen.accounts = {account.attempt_id: account for account in self._accounts.values()}
        anchor = seen.tasks[0].event_id if seen.tasks else 0
        told = 0
        for carrier, link in links(history):
            told = carrier.event_id
            for entry in link.entries:
                if "attempt" in entry and (account := seen.accounts.get(str(entry["attempt"]))):
                    account.entry = entry
                anchor = max(anchor, seen.place_of(entry))
                self._tell_entry(carrier, entry, anchor)
        # What the trail says of stages after its last link was carried by nothing yet.
        shown = [(event, stage) for event, stage in self._stages if event.event_id > told]
        self._shown = {stage for _, stage in shown}
        for event, stage in shown:
            self._place(event, StageEntered, stage=stage)

    def _tell_entry(self, carrier: HistoryEvent, entry: dict[str, Any], anchor: int) -> None:
        where = next((event for event in self._events if event.event_id == anchor), carrier)
        meant = meaning_of(entry)
        if meant is not None:
            self._place(where, meant[0], anchor, **meant[1])

    def _items_of(self, pending: Sequence[dict[str, Any]]) -> Iterator[Item]:
        """In the order in which they were made, at the last event that a worker has taken note of."""
        for entry in pending:
            meant = meaning_of(entry)
            if meant is not None and entry.get("stage") not in self._shown:
                yield self._item(self._events[self._last - 1], *meant)

    def _tell_rest(self) -> None:
        for account in self._accounts.values():
            item = account.tell(self._last)
            self._placed.append((account.scheduled.event_id, len(self._placed), item))
        for started, over in self._seen.timers.values():
            fired = over is not None and over.event_type == EventType.EVENT_TYPE_TIMER_FIRED
            self._place(
                started,
                Waited,
                what=summary_of(started) or "a timer",
                wanted_s=attributes_of(started).start_to_fire_timeout.ToTimedelta().total_seconds(),
                waited_s=seconds_between(started, over) if over is not None else None,
                state="running" if over is None else "fired" if fired else "cancelled",
            )

    _handlers: ClassVar[dict[int, Callable[["Storyteller", HistoryEvent], None]]] = {
        EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED: _task,
        EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES: _stage,
        EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED: _scheduled,
        EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED: _begun,
        **dict.fromkeys(OUTCOMES, _ended),
        EventType.EVENT_TYPE_MARKER_RECORDED: _marker,
        EventType.EVENT_TYPE_TIMER_STARTED: _timer,
        EventType.EVENT_TYPE_TIMER_FIRED: _timer_over,
        EventType.EVENT_TYPE_TIMER_CANCELED: _timer_over,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED: _update,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED: _cancel,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED: _signal,
    }
