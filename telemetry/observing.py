"""What a worker needs so that its runs are watched: an ear for workflows, and spans around activities."""

import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from opentelemetry.context import attach, detach
from opentelemetry.sdk.trace.sampling import Sampler
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer
from temporalio import activity, workflow
from temporalio.exceptions import ApplicationError
from temporalio.worker import (
    ActivityInboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
    StartActivityInput,
    StartLocalActivityInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)

from contracts.happenings import OBSERVE, Happening, Observer
from telemetry.span_ids import below, place_of, scope_of

__all__ = ["Ear", "ObservingInterceptor", "TracingInterceptor"]

# Of so many runs it is known what was told; a worker caches a thousand.
RUNS = 10_000


class Ear:
    """Hands every happening to every observer, once in this process. It never raises."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = observers
        self._heard: OrderedDict[str, int] = OrderedDict()
        self._failed = False

    def __call__(self, happening: Happening) -> None:
        if self._again(happening):
            return
        for observe in self._observers:
            try:
                # Not the workflow's own code, so not for its sandbox.
                with workflow.unsafe.sandbox_unrestricted():
                    observe(happening)
            except Exception:  # noqa: BLE001 - nothing that goes wrong here may fail a run
                self._complain()

    def _again(self, happening: Happening) -> bool:
        """Whether it was told before: the workflow task that told it did not count and is done again."""
        run_id, number = happening.run.run_id, happening.number
        again = number <= self._heard.get(run_id, -1)
        if not again:
            self._heard[run_id] = number
            self._heard.move_to_end(run_id)
            while len(self._heard) > RUNS:
                self._heard.popitem(last=False)
        return again

    def _complain(self) -> None:
        if not self._failed:
            self._failed = True
            logging.getLogger("telemetry").exception("an observer failed; this is said once")


class ObservingInterceptor(Interceptor):
    """Lends workflows an ear."""

    def __init__(self, ear: Observer) -> None:
        self._ear = ear

    def workflow_interceptor_class(
        self, input: WorkflowInterceptorClassInput
    ) -> type[WorkflowInboundInterceptor] | None:
        input.unsafe_extern_functions[OBSERVE] = self._ear
        return None


class TracingInterceptor(Interceptor):
    """Places activities below the attempt or step that they belong to.

    The SDK's plugin carries the current context in headers; workflow code has none of its own to carry.
    """

    def __init__(self, tracer: Tracer, sampler: Sampler) -> None:
        self._tracer = tracer
        self._sampler = sampler

    def workflow_interceptor_class(
        self, input: WorkflowInterceptorClassInput
    ) -> type[WorkflowInboundInterceptor]:
        sampler = self._sampler

        class Inbound(WorkflowInboundInterceptor):
            def init(self, outbound: WorkflowOutboundInterceptor) -> None:
                super().init(Outbound(outbound, sampler))

        return Inbound

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return TracedActivity(next, self._tracer)


class Outbound(WorkflowOutboundInterceptor):
    def __init__(self, next: WorkflowOutboundInterceptor, sampler: Sampler) -> None:
        super().__init__(next)
        self._sampler = sampler

    def start_activity(self, input: StartActivityInput) -> workflow.ActivityHandle[Any]:
        return self._within(input.activity_id, lambda: super(Outbound, self).start_activity(input))

    def start_local_activity(self, input: StartLocalActivityInput) -> workflow.ActivityHandle[Any]:
        return self._within(input.activity_id, lambda: super(Outbound, self).start_local_activity(input))

    def _within(
        self, activity_id: str | None, start: Callable[[], workflow.ActivityHandle[Any]]
    ) -> workflow.ActivityHandle[Any]:
        key = scope_of(activity_id or "")
        token = attach(below(place_of(workflow.info().run_id, key, self._sampler)))
        try:
            return start()
        finally:
            detach(token)


class TracedActivity(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, tracer: Tracer) -> None:
        super().__init__(next)
        self._tracer = tracer

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        info = activity.info()
        with self._tracer.start_as_current_span(
            f"activity {info.activity_type}",
            kind=SpanKind.INTERNAL,
            attributes={
                "temporalWorkflowID": info.workflow_id or "",
                "temporalRunID": info.workflow_run_id or "",
                "temporalActivityID": info.activity_id,
                "tenuto.activity.try": info.attempt,
            },
            # Its message may hold a provider's words, and those a prompt's.
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                return await super().execute_activity(input)
            except BaseException as error:
                kind = error.type if isinstance(error, ApplicationError) else type(error).__name__
                span.set_attribute("error.type", kind or "error")
                span.set_status(Status(StatusCode.ERROR, kind))
                raise
