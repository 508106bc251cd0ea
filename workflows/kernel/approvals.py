"""Approvals: an Update with a validator, bound to the exact action and proven by a signature."""

import base64
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from pydantic import BaseModel
from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from contracts.approvals import Answer, Verdict
from contracts.happenings import ApprovalEnded
from contracts.receipts import Waiting
from contracts.values import Value, plain
from workflows.kernel.run import Run
from workflows.kernel.telling import moment
from workflows.kernel.trail import canonical, digest
from workflows.kernel.updates import read_update

__all__ = ["ANSWER", "VERIFY_PROOF", "Approval", "Approvals", "claims_of"]

ANSWER = "answer"
VERIFY_PROOF = "tenuto-verify-proof"
"""The worker's extern function: a proof in, its verified claims out; ValueError says why it is none."""

# Anybody who reaches the server can send signals; the status stays readable.
MOST_NOTICES = 20


class Approval(StrEnum):
    """What came of asking a person."""

    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"


class Accepted(Value):
    """The Update's result: what the run took note of."""

    by: str
    verdict: Verdict
    proof_digest: str
    answer_digest: str


class Approvals:
    """The open question of a run, if there is one. Handlers exist before the first task runs."""

    def __init__(self) -> None:
        self._run: Run | None = None
        self._question: Waiting | None = None
        self._accepted: Accepted | None = None
        workflow.set_update_handler(ANSWER, self._answer, validator=self._validate)
        workflow.set_dynamic_signal_handler(self._refuse_signal)

    async def ask(
        self, run: Run, action: str, request: BaseModel, *, worst_usd: Decimal, policy: str, within: timedelta
    ) -> Approval:
        """Wait for a person's answer to one exact action; EXPIRED when none comes in time."""
        run.check_open()
        run.asked[action] += 1
        run.plan.check_question(action, run.asked[action])
        details = {
            "action": action,
            "request": request.model_dump(mode="json"),
            "worst_usd": plain(worst_usd),
            "policy": policy,
            "requested_by": run.terms.requested_by,
            "workflow_id": workflow.info().workflow_id,
            "expires_after_s": within.total_seconds(),
            "nonce": workflow.uuid4().hex,
        }
        self._run, self._accepted, asked_at = run, None, moment()
        question = self._question = Waiting(
            what=f"a person's approval of {action}",
            until=min(run.now + within, run.leaves_at),
            otherwise="it counts as not approved",
            action=digest(canonical(details)),
            details=details,
        )
        try:
            with run.waiting(question), suppress(TimeoutError):
                await workflow.wait_condition(
                    lambda: self._accepted is not None,
                    timeout=within,
                    timeout_summary=f"approval of {action} expires",
                )
        finally:
            # Also when the run is cancelled: an answer that changes nothing must not be accepted.
            self._question = None
        run.tick()
        accepted = self._accepted
        outcome = Approval.EXPIRED
        if accepted is not None:
            outcome = Approval.APPROVED if accepted.verdict is Verdict.APPROVE else Approval.DENIED
        run.trail.add(
            {
                "approval": action,
                "outcome": outcome.value,
                "action": question.action,
                "by": accepted.by if accepted else None,
                "digest": accepted.answer_digest if accepted else None,
            }
        )
        run.tell(
            lambda: ApprovalEnded(action=action, policy=policy, outcome=outcome.value, began_at=asked_at)
        )
        return outcome

    def _validate(self, raw: RawValue) -> None:
        """Runs before the Update is in the history, and never in replay."""
        try:
            self._check(read_update(raw, Answer, "an answer"))
        except ValueError as refusal:
            workflow.logger.warning("answer refused: %s", refusal)
            raise ApplicationError(str(refusal), type="answer_refused", non_retryable=True) from refusal

    def _check(self, answer: Answer) -> None:
        question, run = self._question, self._run
        if question is None or run is None:
            raise ValueError("nothing waits for an answer")
        if self._accepted is not None:
            raise ValueError("this action was answered before")
        if answer.action != question.action:
            raise ValueError("the answer names another action than the one that waits")
        if workflow.now() >= question.until:  # noqa: TID251 - never in replay
            raise ValueError("the question has expired")
        verify: Callable[[str], dict[str, Any]] | None = workflow.extern_functions().get(VERIFY_PROOF)
        if verify is None:
            raise ValueError("this worker knows no approvers")
        # It is the worker's code, and what it imports while it runs must be the worker's, too: it would not
        # recognise an exception of a module that the sandbox has imported anew.
        with workflow.unsafe.imports_passed_through():
            claims = verify(answer.proof)
        if claims["action"] != answer.action or claims["verdict"] != answer.verdict.value:
            raise ValueError("the proof was signed for another action or verdict")
        if claims["sub"] == run.terms.requested_by:
            raise ValueError(f"{claims['sub']} requested this run and may not approve its actions")

    async def _answer(self, raw: RawValue) -> Accepted:
        answer = read_update(raw, Answer, "an answer")
        self._accepted = Accepted(
            by=str(claims_of(answer.proof)["sub"]),
            verdict=answer.verdict,
            proof_digest=digest(answer.proof.encode()),
            answer_digest=digest(canonical([answer.model_dump(mode="json")])),
        )
        return self._accepted

    def _refuse_signal(self, name: str, args: Sequence[RawValue]) -> None:
        """A signal cannot be refused, only ignored; say so where people look."""
        workflow.logger.warning("signal %s ignored: answers are Updates with a proof", name)
        notice = f"a signal {name[:80]!r} was ignored: answers are Updates with a proof"
        notices = self._run.notices if self._run is not None else []
        if notice not in notices and len(notices) < MOST_NOTICES:
            notices.append(notice)


def claims_of(proof: str) -> dict[str, Any]:
    """What an accepted proof says. Its signature was verified before it came into the history."""
    body = proof.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return claims
