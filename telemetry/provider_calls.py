"""The span around a request to a model, by OpenTelemetry's conventions for generative AI.

Its cost is on the span of its attempt: only the run's sheet knows the price.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from opentelemetry.trace import Span, SpanKind, Status, StatusCode, get_tracer

from contracts.attempts import Failure, ModelCall, Usage
from telemetry.names import SCOPE

__all__ = ["CAPTURE_CONTENT", "TRACE_CONTENT", "ProviderCall", "ProviderCalls", "content_wanted"]

TRACE_CONTENT = "TENUTO_TRACE_CONTENT"
CAPTURE_CONTENT = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"

# The conventions' names for who answers at a host; another speaks OpenAI's protocol, so it counts as that.
PROVIDERS = {
    "api.openai.com": "openai",
    "api.anthropic.com": "anthropic",
    "api.deepseek.com": "deepseek",
    "api.groq.com": "groq",
    "api.mistral.ai": "mistral_ai",
    "api.perplexity.ai": "perplexity",
    "api.x.ai": "x_ai",
    "generativelanguage.googleapis.com": "gcp.gemini",
}
AZURE = ".openai.azure.com"


def content_wanted(env: Mapping[str, str]) -> bool:
    """Whether prompts and replies may leave in spans. Only when asked for."""
    asked = {env.get(name, "").strip().lower() for name in (TRACE_CONTENT, CAPTURE_CONTENT)}
    return bool(asked & {"true", "1", "span_only", "span_and_event"})


class ProviderCalls:
    """Opens a span for each request; without a tracer provider that is a span that does nothing."""

    def __init__(self, *, content: bool = False) -> None:
        self._content = content

    @contextmanager
    def around(self, address: str, call: ModelCall, body: Mapping[str, Any]) -> Iterator["ProviderCall"]:
        """Around one request, from connecting to the last byte."""
        with get_tracer(SCOPE).start_as_current_span(
            f"chat {call.model}", kind=SpanKind.CLIENT, record_exception=False, set_status_on_exception=False
        ) as span:
            if span.is_recording():
                span.set_attributes(asked(address, call))
                if self._content:
                    span.set_attribute("gen_ai.input.messages", messages_of(body["messages"]))
            told = ProviderCall(span, content=self._content)
            try:
                yield told
            except BaseException as error:
                told.ended_by(error)
                raise


class ProviderCall:
    """One request's span."""

    def __init__(self, span: Span, *, content: bool) -> None:
        self._span = span
        self._content = content
        self._failed = False

    def answered(self, content: str, usage: Usage | None, answered_by: str) -> None:
        """The model wrote something, valid or not."""
        self._tell(usage, answered_by)
        if self._content and self._span.is_recording():
            parts = [{"type": "text", "content": content}]
            message = {"role": "assistant", "parts": parts, "finish_reason": "stop"}
            self._span.set_attribute("gen_ai.output.messages", json.dumps([message], ensure_ascii=False))

    def failed(self, failure: Failure) -> None:
        """It proved a fault. Its reason stays out: it may hold the provider's words."""
        self._tell(failure.usage, failure.provenance.answered_by if failure.provenance else "")
        self._fail(failure.fault.value)

    def ended_by(self, error: BaseException) -> None:
        if not self._failed:
            self._fail(type(error).__name__)

    def _tell(self, usage: Usage | None, answered_by: str) -> None:
        if usage is not None:
            self._span.set_attribute("gen_ai.usage.input_tokens", usage.input_tokens)
            self._span.set_attribute("gen_ai.usage.output_tokens", usage.output_tokens)
        if answered_by:
            self._span.set_attribute("gen_ai.response.model", answered_by)

    def _fail(self, kind: str) -> None:
        self._failed = True
        self._span.set_attribute("error.type", kind)
        self._span.set_status(Status(StatusCode.ERROR, kind))


def asked(address: str, call: ModelCall) -> dict[str, str | int | float]:
    where = urlsplit(address)
    host = where.hostname or ""
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "azure.ai.openai" if host.endswith(AZURE) else PROVIDERS.get(host, "openai"),
        "gen_ai.request.model": call.model,
        "gen_ai.request.max_tokens": call.max_output_tokens,
        "gen_ai.request.temperature": float(call.temperature),
        "gen_ai.output.type": "json",
        "server.address": host,
        "server.port": where.port or (443 if where.scheme == "https" else 80),
        "tenuto.attempt.id": call.attempt_id,
        "tenuto.route": call.route,
    }


def messages_of(messages: Sequence[Mapping[str, str]]) -> str:
    told = [
        {"role": each["role"], "parts": [{"type": "text", "content": each["content"]}]} for each in messages
    ]
    return json.dumps(told, ensure_ascii=False)
