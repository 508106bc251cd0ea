"""How an activity fails: as one error that carries its fault and what is proven about its cost."""

from temporalio.exceptions import ApplicationError

from contracts.attempts import Cost, Failure, Fault

__all__ = ["AttemptFailed", "error_of", "failed", "one_line"]

LONGEST_REASON = 1_000


class AttemptFailed(Exception):
    """A model's request was answered, but not with a reply; carries what that proves."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.reason)
        self.failure = failure


def one_line(text: str, limit: int = LONGEST_REASON) -> str:
    """The text in one line of at most `limit` characters, with nothing that UTF-8 cannot carry."""
    line = " ".join(text.encode("utf-8", "replace").decode("utf-8").replace("\0", " ").split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def failed(fault: Fault, cost: Cost, reason: str, *, retry_after_s: float | None = None) -> ApplicationError:
    """The error to raise for an attempt that failed."""
    return error_of(Failure(fault=fault, cost=cost, reason=one_line(reason), retry_after_s=retry_after_s))


def error_of(failure: Failure) -> ApplicationError:
    """Its type is the fault, its details are the `Failure`, and no server retries it.

    The message names the fault too: it is all that a list of events shows.
    """
    message = f"{failure.fault.value}: {failure.reason}"
    return ApplicationError(message, failure, type=failure.fault.value, non_retryable=True)
