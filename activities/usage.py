"""A provider's word on what it billed, believed only if it can be true."""

from contracts.attempts import Usage

__all__ = ["believable_usage"]

# Above every context there is. What lies below is settled as billed, even above the provider's own maximum.
MOST_TOKENS = 10_000_000


def believable_usage(usage: object, *, answered: bool) -> Usage | None:
    """The tokens billed, or None when the usage is missing or cannot be true.

    Only whole numbers count: no text, no float, no bool. A request has input; a reply with content
    (`answered`) has output; and a total, if there is one, is their sum: if it is more, something was billed
    that neither number holds.
    """
    if not isinstance(usage, dict):
        return None
    input_tokens = count(usage.get("prompt_tokens"))
    output_tokens = count(usage.get("completion_tokens"))
    if input_tokens is None or output_tokens is None or input_tokens == 0:
        return None
    if answered and output_tokens == 0:
        return None
    total = usage.get("total_tokens")
    if total is not None and count(total) != input_tokens + output_tokens:
        return None
    return Usage(input_tokens=input_tokens, output_tokens=output_tokens)


def count(value: object) -> int | None:
    # `type`, not `isinstance`: True is an int.
    return value if type(value) is int and 0 <= value <= MOST_TOKENS else None
