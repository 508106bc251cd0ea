"""What people answered in a recording, for the questions of another drive of the same run."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from temporalio.api.history.v1 import WorkflowExecutionUpdateAcceptedEventAttributes
from temporalio.bridge.proto.workflow_activation import DoUpdate

from contracts.receipts import Waiting
from operations.recordings import Given, Recording
from operations.serving import NotRecorded, RecordingEnds
from workflows.kernel.approvals import ANSWER
from workflows.kernel.parking import REPAIR
from workflows.kernel.trail import canonical, digest

__all__ = ["People", "Reply"]

# What a person weighs. The policy's version, the time for an answer and the nonce may have been others.
WEIGHED = ("action", "request", "worst_usd")


@dataclass(frozen=True)
class Reply:
    """An Update, addressed to the question as it is asked now."""

    at: int
    update: DoUpdate


class People:
    """Those of one recording."""

    def __init__(
        self, recording: Recording, entries: Sequence[dict[str, Any]], asked: Iterable[Waiting]
    ) -> None:
        self._recording = recording
        self._approvals = [entry for entry in entries if "approval" in entry]
        self._policies = {f"{e['decision']} v{e['version']}" for e in entries if "decision" in e}
        self._repaired = [str(entry["parked"]) for entry in entries if "parked" in entry]
        questions = list(asked)
        self._questions = [each for each in questions if each.action is not None]
        self._parked = [each for each in questions if each.parked is not None]
        self._met: set[str] = set()

    def replies(self, waiting: Sequence[Waiting]) -> Iterable[Reply]:
        """Of questions that were not there before. Raises NotRecorded for one that nobody was asked,
        RecordingEnds for one that was still open when the run was recorded."""
        for wait in waiting:
            name = wait.action or wait.parked
            if name is None or name in self._met:
                continue
            self._met.add(name)
            yield from self._answers(wait) if wait.action else self._repairs(wait)

    def _answers(self, wait: Waiting) -> Iterable[Reply]:
        """None where the question expired, or the run was cancelled while it was open."""
        number = self._number(wait)
        if number is None:
            raise NotRecorded(str(wait.details["action"]), "no person was asked to approve this", "asks")
        if number >= len(self._approvals):
            self._left_open()
            return
        entry = self._approvals[number]
        for given in self._updates(ANSWER):
            answer = self._argument(given)
            if answer["action"] == entry["action"] and entry["digest"] is not None:
                yield self._reply(given, {**answer, "action": wait.action})
                return

    def _number(self, wait: Waiting) -> int | None:
        """Which of the recording's questions this one is.

        The recorded digest proves what was asked, whatever the code would ask when it is replayed.
        """
        digests = {wait.action, *self._digests(wait.details)}
        for number, entry in enumerate(self._approvals):
            if entry["action"] in digests:
                return number
        answered = len(self._approvals)
        for number, asked in enumerate(self._questions[answered:], start=answered):
            if all(asked.details[name] == wait.details[name] for name in WEIGHED):
                return number
        return None

    def _digests(self, details: dict[str, Any]) -> Iterable[str]:
        """Of the same action under another policy, with another time to answer it, asked elsewhere."""
        policies = {details["policy"], *self._policies}
        nonces = {details["nonce"], *(asked.details["nonce"] for asked in self._questions)}
        lengths = {details["expires_after_s"]}
        lengths |= {timer.length.total_seconds() for timer in self._recording.timers}
        for policy, nonce, seconds in product(policies, nonces, lengths):
            asked = {**details, "policy": policy, "nonce": nonce, "expires_after_s": seconds}
            yield digest(canonical(asked))

    def _repairs(self, wait: Waiting) -> Iterable[Reply]:
        """Of the same attempt, or of the same step after the same fault."""
        parked = self._parked_as(wait)
        mine = [given for given in self._updates(REPAIR) if self._argument(given)["parked"] == parked]
        if parked is None or (not mine and parked not in self._repaired):
            if any(each.parked == parked for each in self._parked):
                self._left_open()
                return
            raise NotRecorded(str(wait.details["step"]), "no person was asked to repair this", "parks")
        for given in mine:
            yield self._reply(given, {**self._argument(given), "parked": wait.parked})

    def _left_open(self) -> None:
        """Nothing came of it: the run was cancelled meanwhile, or it still waits."""
        if not self._recording.has_ended:
            raise RecordingEnds

    def _parked_as(self, wait: Waiting) -> str | None:
        same = [
            each.parked
            for each in self._parked
            if each.parked == wait.parked
            or all(each.details[name] == wait.details[name] for name in ("step", "fault"))
        ]
        return wait.parked if wait.parked in same else next(iter(same), None)

    def _updates(self, name: str) -> Iterable[Given]:
        return (
            given
            for given in self._recording.given
            if isinstance(given.attributes, WorkflowExecutionUpdateAcceptedEventAttributes)
            and given.attributes.accepted_request.input.name == name
        )

    @staticmethod
    def _argument(given: Given) -> dict[str, Any]:
        payloads = given.attributes.accepted_request.input.args.payloads
        argument: dict[str, Any] = json.loads(payloads[0].data)
        return argument

    @staticmethod
    def _reply(given: Given, argument: dict[str, Any]) -> Reply:
        request = given.attributes.accepted_request
        update = DoUpdate(
            id=request.meta.update_id,
            protocol_instance_id=request.meta.update_id,
            name=request.input.name,
            input=request.input.args.payloads,
            meta=request.meta,
        )
        update.input[0].data = json.dumps(argument).encode()
        return Reply(given.at, update)
