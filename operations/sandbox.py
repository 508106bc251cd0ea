"""The sandbox in which every worker and every replay runs workflow code."""

import builtins
import sys
import threading
from collections.abc import Callable
from functools import cache
from types import TracebackType
from typing import Any

from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.converter import StorageDriverStoreContext, StorageDriverWorkflowInfo
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from temporalio.worker.workflow_sandbox._importer import (
    Importer,
    _thread_local_import,
    _thread_local_sys_modules,
)
from temporalio.worker.workflow_sandbox._restrictions import RestrictionContext, _RestrictedProxy
from temporalio.worker.workflow_sandbox._runner import _Instance
from temporalio.workflow import unsafe

__all__ = ["sandbox"]

# Workflows that have loaded in a sandbox of this process.
_loads: set[type] = set()


class Sandbox(SandboxedWorkflowRunner):
    """The SDK's, with less between a task and the workflow's code: see Sandboxed."""

    def prepare_workflow(self, defn: Any) -> None:
        """Try whether it loads in a sandbox: once in a process, however many workers and replayers ask."""
        if defn.cls not in _loads:
            super().prepare_workflow(defn)
            _loads.add(defn.cls)

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        return Sandboxed(det, self.runner_class, self.restrictions)


def sandbox() -> Sandbox:
    """On for workflow modules, off for what they stand on."""
    return Sandbox(
        restrictions=SandboxRestrictions.default.with_passthrough_modules(
            "workflows.kernel", "contracts", "pydantic"
        )
    )


class Sandboxed(_Instance):
    """The SDK's instance in its sandbox, without the detours of every task.

    For each payload the SDK enters the sandbox twice, to ask in which context it is encoded and stored. No
    converter of ours looks at a context, and every large value is stored for the run itself. With a codec
    that binds payloads to their workflow, or with child workflows, take the plain runner.

    What enters the sandbox to make an instance is a few lines of source, always the same, which the SDK
    compiles each time. And it lets each task in by eight nested context managers, where one does.
    """

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        context = self.importer.restriction_context
        inside: Any = self.globals_and_locals["__temporal_in_sandbox"]
        context.is_runtime = context.in_activation = True
        unsafe._set_in_sandbox(True)
        self._current_thread_id = threading.get_ident()
        try:
            with Restricted(self.importer):
                completion: WorkflowActivationCompletion = inside.activate(act)
                return completion
        finally:
            self._current_thread_id = None
            unsafe._set_in_sandbox(False)
            context.is_runtime = context.in_activation = False

    def get_serialization_context(self, command_info: Any) -> None:
        return None

    def get_external_store_context(self, command_info: Any) -> StorageDriverStoreContext:
        info = self.get_info()
        run = StorageDriverWorkflowInfo(
            namespace=info.namespace, id=info.workflow_id, run_id=info.run_id, type=info.workflow_type
        )
        return StorageDriverStoreContext(target=run)

    def _run_code(self, code: str, **extra_globals: Any) -> None:
        super()._run_code(compiled(code), **extra_globals)


@cache
def compiled(code: str) -> Any:
    return compile(code, "<sandbox>", "exec")


class Restricted:
    """`Importer.applied` in one piece: this thread sees the importer's modules, imports and builtins.

    As there, the first thread to enter puts the SDK's switches in place, and the last takes them away.
    """

    def __init__(self, importer: Importer) -> None:
        self._importer = importer
        self._before: list[Any] = []
        self._switches: list[tuple[Any, Any, str, Any]] = [
            (_thread_local_sys_modules, sys, "modules", importer.new_modules),
            (_thread_local_import, builtins, "__import__", importer.import_func),
        ]
        for name, switch, restricted in importer.restricted_builtins:
            seen = SOONER.get(name, restricted)
            self._switches.append((switch, builtins, name, seen))

    def __enter__(self) -> None:
        current = Importer._thread_local_current
        self._outer = current.__dict__.get("importer")
        current.importer = self._importer
        for switch, holder, name, restricted in self._switches:
            self._before.append(switch.maybe_current)
            with switch.applied_counter_lock:
                switch.applied_counter += 1
                if getattr(holder, name) is not switch:
                    setattr(holder, name, switch)
            switch.current = restricted

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for switch, holder, name, _ in reversed(self._switches):
            before = self._before.pop()
            if before is None:
                del switch.current
            else:
                switch.current = before
            with switch.applied_counter_lock:
                switch.applied_counter -= 1
                if switch.applied_counter == 0:
                    setattr(holder, name, switch.orig)
        Importer._thread_local_current.importer = self._outer


def unwrapping(asked: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """`isinstance` or `issubclass` of what may be behind a proxy: asked a thousand times in a run."""
    unwrap = RestrictionContext.unwrap_if_proxied

    def unwrapped(one: Any, other: Any) -> bool:
        if type(one) is _RestrictedProxy or type(other) is _RestrictedProxy:
            return asked(unwrap(one), unwrap(other))
        return asked(one, other)

    return unwrapped


SOONER = {"isinstance": unwrapping(isinstance), "issubclass": unwrapping(issubclass)}
