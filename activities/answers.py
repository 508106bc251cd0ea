"""A provider's answer, validated: what the model wrote and what it cost, or why it wrote nothing of use."""

import json
from dataclasses import dataclass

from activities.clean_text import clean, reason
from activities.failures import AttemptFailed
from activities.usage import believable_usage
from contracts.attempts import Cost, Failure, Fault, Provenance, Usage

__all__ = ["Answer", "answer_of", "broken", "judged", "read_completion"]

LONGEST_NAME = 200


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the model wrote, and the usage if it can be believed."""

    content: str
    usage: Usage | None
    answered_by: str


def broken(fault: Fault, why: str) -> AttemptFailed:
    """An answer that is none: what it cost is unknown, whatever it says of itself."""
    return AttemptFailed(Failure(fault=fault, cost=Cost.UNKNOWN, reason=reason(why)))


def read_completion(body: bytes) -> Answer:
    """The answer in the body of a 200. Raises AttemptFailed, ValueError and RecursionError."""
    completion = json.loads(body)
    if not isinstance(completion, dict):
        raise broken(Fault.BROKEN_BODY, f"the answer is a JSON {type(completion).__name__}, not an object")
    return answer_of(completion)


def answer_of(completion: dict[str, object]) -> Answer:
    """The first choice of a completion. Raises AttemptFailed."""
    choices = completion.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        error = completion.get("error")
        raise broken(Fault.NO_CHOICE, f"a 200 with no choice{f': {error}' if error else ''}")
    message = choices[0].get("message")
    if not isinstance(message, dict):
        raise broken(Fault.NO_CHOICE, "the choice holds no message")
    return judged(
        message,
        finish=choices[0].get("finish_reason"),
        usage=completion.get("usage"),
        answered_by=completion.get("model"),
    )


def judged(message: dict[str, object], *, finish: object, usage: object, answered_by: object) -> Answer:
    """The content of a message that ended as it should. Raises AttemptFailed for every other end."""
    content, refusal = message.get("content"), message.get("refusal")
    if not isinstance(finish, str):
        raise broken(Fault.BROKEN_BODY, f"the choice has no finish_reason but {finish!r}")
    if not isinstance(content, str | None):
        raise broken(Fault.BROKEN_BODY, f"the content is a JSON {type(content).__name__}, not a text")
    name = clean(answered_by)[:LONGEST_NAME] if isinstance(answered_by, str) else ""
    billed = believable_usage(usage, answered=bool(content))
    answer = Answer(content=clean(content or ""), usage=billed, answered_by=name)
    if finish == "content_filter":
        raise ended(Fault.FILTERED, "the provider's filter stopped the reply", answer)
    if refusal:
        raise ended(Fault.FILTERED, f"the model refused: {refusal}", answer)
    if finish == "length":
        raise ended(Fault.CUT_SHORT, "the reply reached its limit of tokens", answer)
    # A call of a tool that was not offered leaves the content empty or half; validation says what is missing.
    if finish not in {"stop", "tool_calls", "function_call"}:
        raise broken(Fault.BROKEN_BODY, f"unknown finish_reason {finish[:80]!r}")
    return answer


def ended(fault: Fault, why: str, answer: Answer) -> AttemptFailed:
    return AttemptFailed(
        Failure(
            fault=fault,
            cost=Cost.UNKNOWN if answer.usage is None else Cost.ACTUAL,
            reason=reason(why),
            usage=answer.usage,
            provenance=Provenance(prompt="", reply_schema="", settings="", answered_by=answer.answered_by),
        )
    )
