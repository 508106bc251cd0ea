"""A reply that comes as an event stream, put together; a stream that just ends is a broken one."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from activities.answers import Answer, broken, judged
from contracts.attempts import Fault

__all__ = ["read_stream"]


@dataclass
class Assembly:
    """What has come so far."""

    chunks: int = 0
    content: list[str] = field(default_factory=list)
    refusal: list[str] = field(default_factory=list)
    finish: object = None
    usage: object = None
    model: object = None

    def add(self, chunk: object) -> None:
        """Take one decoded event. Raises AttemptFailed for garbage."""
        if not isinstance(chunk, dict):
            raise broken(Fault.SERVER_ERROR, f"the stream holds a JSON {type(chunk).__name__}")
        choices = chunk.get("choices")
        if not isinstance(choices, list):
            raise broken(Fault.SERVER_ERROR, "the stream holds an event with no choices")
        self.chunks += 1
        self.model = chunk.get("model") or self.model
        # The last word counts; some providers report as they go.
        self.usage = chunk.get("usage") or self.usage
        for choice in choices[:1]:
            self.add_choice(choice)

    def add_choice(self, choice: object) -> None:
        delta = choice.get("delta") if isinstance(choice, dict) else None
        if not isinstance(choice, dict) or not isinstance(delta, dict | None):
            raise broken(Fault.SERVER_ERROR, "the stream holds a choice that is none")
        self.finish = choice.get("finish_reason") or self.finish
        for name, parts in (("content", self.content), ("refusal", self.refusal)):
            part = (delta or {}).get(name)
            if not isinstance(part, str | None):
                raise broken(Fault.SERVER_ERROR, f"the stream holds {name} that is no text")
            parts.append(part or "")

    def answer(self) -> Answer:
        """The whole answer. Raises AttemptFailed when the stream ended early or the model did."""
        if self.chunks == 0:
            raise broken(Fault.STREAM_BROKEN, "the answer is not an event stream, or an empty one")
        if self.finish is None:
            raise broken(Fault.STREAM_BROKEN, "the stream ended with no finish_reason")
        return judged(
            {"content": "".join(self.content) or None, "refusal": "".join(self.refusal) or None},
            finish=self.finish,
            usage=self.usage,
            answered_by=self.model,
        )


async def read_stream(chunks: AsyncIterator[object]) -> Answer:
    """The answer in a stream of decoded events. Raises AttemptFailed and what the client raises."""
    assembly = Assembly()
    try:
        async for chunk in chunks:
            assembly.add(chunk)
    except (ValueError, RecursionError) as error:
        raise broken(Fault.SERVER_ERROR, f"the stream holds no JSON: {error}") from None
    return assembly.answer()
