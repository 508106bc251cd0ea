"""What a model provider's errors prove: the one place that turns them into a `Failure`.

raised by the client                    fault                            cost
nothing left this machine               connection_refused, timed_out    none
redirect 301, 307, 308                  redirected                       none
other redirects                         redirected                       unknown
429, 402 and an exhausted quota         rate_limited, quota_exhausted    none
503, 529                                overloaded                       none
other 5xx                               server_error                     unknown
401, 403                                unauthorised                     none
404                                     model_not_found                  none
too long for the context                context_too_long                 none
408, 409, 499                           timed_out, rejected              unknown
other 4xx                               rejected                         none
no or half an answer                    connection_lost, timed_out       unknown
an answer that is none                  broken_body, too_large           unknown
an error event, garbage in a stream     server_error                     unknown
"""

import ssl
from datetime import UTC, datetime

import httpx2
from openai import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    OpenAIError,
)

from activities.clean_text import reason
from activities.failures import AttemptFailed
from activities.retry_after import retry_after
from activities.wire import BodyTooLarge
from contracts.attempts import Cost, Failure, Fault

__all__ = ["CLIENT_ERRORS", "failure_of"]

# What the client lets through. ValueError is JSONDecodeError, UnicodeError or an integer of too many digits,
# RecursionError very deep JSON.
CLIENT_ERRORS = (
    OpenAIError,
    httpx2.HTTPError,
    httpx2.StreamError,
    httpx2.InvalidURL,
    ssl.SSLError,
    TimeoutError,
    RecursionError,
    ValueError,
)

QUOTA_CODES = frozenset(
    {
        "insufficient_quota",
        "credit_balance_exhausted",
        "organization_usage_limit_exceeded",
        "billing_hard_limit_reached",
        "billing_not_active",
    }
)
QUOTA_SUFFIX = "_spend_limit_exceeded"
CONTEXT_CODES = frozenset({"context_length_exceeded", "exceed_context_size_error", "string_above_max_length"})
# Servers that set no code say so.
CONTEXT_WORDS = ("maximum context length", "context length exceeded", "exceeds the available context size")
MODEL_CODES = frozenset({"model_not_found"})

# The request is to be repeated elsewhere, so it was not carried out here. 303 says the opposite.
NOT_CARRIED_OUT = frozenset({301, 307, 308})

STATUS: dict[int, tuple[Fault, Cost]] = {
    401: (Fault.UNAUTHORISED, Cost.NONE),
    402: (Fault.QUOTA_EXHAUSTED, Cost.NONE),
    403: (Fault.UNAUTHORISED, Cost.NONE),
    404: (Fault.MODEL_NOT_FOUND, Cost.NONE),
    # The work may have begun before these three were decided.
    408: (Fault.TIMED_OUT, Cost.UNKNOWN),
    409: (Fault.REJECTED, Cost.UNKNOWN),
    499: (Fault.TIMED_OUT, Cost.UNKNOWN),
    429: (Fault.RATE_LIMITED, Cost.NONE),
    503: (Fault.OVERLOADED, Cost.NONE),
    529: (Fault.OVERLOADED, Cost.NONE),
}


def failure_of(error: Exception, *, sent: bool, secrets: tuple[str, ...] = ()) -> Failure:
    """What one of CLIENT_ERRORS or an AttemptFailed proves.

    `sent`: whether any byte of the request may have left. `secrets` are kept out of the reason.
    """
    if isinstance(error, AttemptFailed):
        return error.failure.model_copy(update={"reason": reason(error.failure.reason, secrets)})
    if isinstance(error, APIStatusError):
        return of_status(error, secrets)
    fault = fault_of(error, sent=sent)
    cause = root_of(error)
    text = str(cause) if str(cause) else type(cause).__name__
    return Failure(
        fault=fault,
        cost=Cost.UNKNOWN if sent else Cost.NONE,
        reason=reason(f"{SAYING.get(fault, 'the request failed')}: {text}", secrets),
    )


SAYING = {
    Fault.CONNECTION_REFUSED: "no connection to the provider",
    Fault.CONNECTION_LOST: "the connection broke before the whole answer had come",
    Fault.TIMED_OUT: "no whole answer in time",
    Fault.BROKEN_BODY: "the answer cannot be read",
    Fault.TOO_LARGE: "the answer is too large",
    Fault.SERVER_ERROR: "the provider broke off its stream",
    Fault.REJECTED: "the request could not be sent",
}


def root_of(error: Exception) -> BaseException:
    """The error below the client's own "Connection error."."""
    if isinstance(error, APIConnectionError) and error.__cause__ is not None:
        return error.__cause__
    return error


def fault_of(error: Exception, *, sent: bool) -> Fault:
    cause = root_of(error)
    if isinstance(cause, BodyTooLarge):
        return Fault.TOO_LARGE
    if isinstance(cause, httpx2.DecodingError):
        return Fault.BROKEN_BODY
    if isinstance(error, APITimeoutError) or isinstance(cause, httpx2.TimeoutException | TimeoutError):
        return Fault.TIMED_OUT
    if isinstance(error, APIConnectionError) or isinstance(cause, httpx2.RequestError | ssl.SSLError):
        return Fault.CONNECTION_LOST if sent else Fault.CONNECTION_REFUSED
    if isinstance(error, APIError):
        # Raised for an error event; it has no status.
        return Fault.SERVER_ERROR
    return Fault.BROKEN_BODY if sent else Fault.REJECTED


def of_status(error: APIStatusError, secrets: tuple[str, ...]) -> Failure:
    """What an answer with a status other than 2xx proves."""
    words = error_words(error.body)
    fault, cost = fault_of_status(error.status_code, words, str(error.message).lower())
    code = ", ".join(sorted(words))
    return Failure(
        fault=fault,
        cost=cost,
        reason=reason(
            f"{error.status_code} {code}: {error.message}" if code else str(error.message), secrets
        ),
        retry_after_s=retry_after(error.response.headers.multi_items(), datetime.now(UTC)),
    )


def error_words(body: object) -> frozenset[str]:
    """The code and type of the provider's error, whatever its form."""
    if not isinstance(body, dict):
        return frozenset()
    inner = body.get("error")
    source = inner if isinstance(inner, dict) else body
    return frozenset(
        value[:80] for key in ("code", "type") if isinstance(value := source.get(key), str) and value
    )


def fault_of_status(status: int, words: frozenset[str], message: str) -> tuple[Fault, Cost]:
    if status < 400:
        return Fault.REDIRECTED, Cost.NONE if status in NOT_CARRIED_OUT else Cost.UNKNOWN
    if status >= 500:
        return STATUS.get(status, (Fault.SERVER_ERROR, Cost.UNKNOWN))
    if words & QUOTA_CODES or any(word.endswith(QUOTA_SUFFIX) for word in words):
        return Fault.QUOTA_EXHAUSTED, Cost.NONE
    if words & MODEL_CODES:
        return Fault.MODEL_NOT_FOUND, Cost.NONE
    if words & CONTEXT_CODES or (status == 400 and any(part in message for part in CONTEXT_WORDS)):
        return Fault.CONTEXT_TOO_LONG, Cost.NONE
    return STATUS.get(status, (Fault.REJECTED, Cost.NONE))
