"""Steps begun, counted and bounded: one after another or side by side."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel
from temporalio.exceptions import ApplicationError

from contracts.attempts import Cost, Failure, Fault
from contracts.happenings import StepBegun, StepEnded
from contracts.sheet import Route
from contracts.steps import ModelTask, Read, Step
from contracts.terms import Amount
from workflows.kernel.courses import Courses
from workflows.kernel.endings import StepFailed, StoryEnded
from workflows.kernel.ledger import first_output, worst_case
from workflows.kernel.parking import Parking
from workflows.kernel.reads import Reads
from workflows.kernel.run import Run
from workflows.kernel.scheduling import Attempt, Attempts, Begun
from workflows.kernel.telling import moment

__all__ = ["Steps"]

Request = TypeVar("Request", bound=BaseModel)
Reply = TypeVar("Reply", bound=BaseModel)


class Steps:
    """Runs the steps of one run."""

    def __init__(self, run: Run, parking: Parking, renew_lease: Callable[[], Awaitable[None]]) -> None:
        self.run = run
        self._attempts = Attempts(run)
        self._reads = Reads(run)
        self._courses = Courses(run, self._attempts, self._reads, parking, renew_lease)

    def begin(
        self, step: Step[Request, Reply], request: Request, why: str, *, another_route: bool = False
    ) -> Begun[Request, Reply]:
        """Take the first hold. Awaits nothing, so steps begun together are held together or not at all."""
        numbers = self.run.sheet.steps[step.name]
        size = len(request.model_dump_json().encode())
        if size > numbers.max_request_bytes:
            reason = f"its request has {size} bytes, of at most {numbers.max_request_bytes}"
            failure = Failure(fault=Fault.OVER_HOLD, cost=Cost.NONE, reason=reason)
            raise StepFailed(step.name, failure, "nothing was scheduled")
        index = self.run.begin_step(step.name, why)
        begun = Begun(step, request, size, numbers, index, why, Attempt(id=""))
        if isinstance(step, Read):
            return begun
        if isinstance(step, ModelTask):
            begun = replace(begun, routes=self._routes(another_route))
        try:
            return replace(begun, first=self._courses.first(begun))
        except StoryEnded:
            self.run.mark(index, state="failed")
            raise

    def _routes(self, another: bool) -> Sequence[Route]:
        """The profile's, in their order; another opinion is asked for on the second where there is one."""
        first, *others = self.run.sheet.routes
        return (*others, first) if another else (first, *others)

    def begin_all(
        self, step: Step[Request, Reply], requests: Sequence[Request], why: str
    ) -> list[Begun[Request, Reply]]:
        """Begin every one, or none: when a hold does not fit, those taken are released."""
        begun: list[Begun[Request, Reply]] = []
        try:
            for request in requests:
                begun.append(self.begin(step, request, why))
        except ApplicationError:
            self._give_back(begun)
            raise
        return begun

    def _give_back(self, begun: Sequence[Begun[Request, Reply]]) -> None:
        """What was begun is not scheduled after all."""
        for each in begun:
            if each.first.id:
                self.run.ledger.release(each.first.id)
            self.run.mark(each.index, state="failed")

    async def finish(self, begun: Begun[Request, Reply]) -> Reply:
        """Schedule it and see it through its attempts."""
        number, began_at = begun.index + 1, moment()
        self.run.tell(lambda: StepBegun(step=begun.step.name, step_number=number, why=begun.why))
        try:
            if isinstance(begun.step, Read):
                reply: Reply = await self._reads.read(begun.step, begun.request, begun.why, f"{number}")
            else:
                reply = await self._courses.see_through(begun)
        except BaseException:
            self._end(begun, began_at, done=False)
            raise
        self._end(begun, began_at, done=True)
        return reply

    def _end(self, begun: Begun[Request, Reply], began_at: datetime, *, done: bool) -> None:
        self.run.mark(begun.index, state="done" if done else "failed")
        name, number = begun.step.name, begun.index + 1
        self.run.tell(
            lambda: StepEnded(step=name, step_number=number, why=begun.why, began_at=began_at, done=done)
        )

    def give_back_held(self, begun: Sequence[Begun[Request, Reply]]) -> None:
        """A task that is cancelled before it begins schedules nothing, so its hold is given back."""
        self._give_back([each for each in begun if self.run.ledger.is_held(each.first.id)])

    def affordable(self, step: Step[Request, Reply], requests: Sequence[Request]) -> int:
        """How many of them, from the first on, could be begun together now."""
        numbers, route = self.run.sheet.steps[step.name], self.run.sheet.routes[0]
        together = Amount()
        for number, request in enumerate(requests):
            size = len(request.model_dump_json().encode())
            together += worst_case(numbers, route, size, first_output(numbers, route))
            steps_left = self.run.ledger.free.steps
            if number == steps_left or self.run.ledger.lack(step.name, together) is not None:
                return number
        return len(requests)
