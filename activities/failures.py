"""How an activity fails: as one error that carries its fault and what is proven about its cost."""

from temporalio.exceptions import ApplicationError

from contracts.attempts import Cost, Failure, Fault

__all__ = ["failed", "one_line"]

LONGEST_REASON = 1_000


def one_line(text: str, limit: int = LONGEST_REASON) -> str:
    """The text in one line of at most `limit` characters, with nothing that UTF-8 cannot carry."""
    line = " ".join(text.encode("utf-8", "replace").decode("utf-8").replace("\0", " ").split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def failed(fault: Fault, cost: Cost, reason: str, *, retry_after_s: float | None = None) -> ApplicationError:
    """The error to raise: its type is the fault, its details are the `Failure`, no server retries it."""
    reason = one_line(reason)
    failure = Failure(fault=fault, cost=cost, reason=reason, retry_after_s=retry_after_s)
    return ApplicationError(reason, failure, type=fault.value, non_retryable=True)
