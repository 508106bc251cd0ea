"""A bundle's events are those that protobuf's own reader and writer of JSON know."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict, ParseDict
from temporalio.api.history.v1 import History

from operations.event_json import events_of
from operations.payload_text import decoded
from tests.operations.recorded import HISTORIES

ENCODED = base64.b64encode(b'{"a":1}').decode()
PLAIN = base64.b64encode(b"json/plain").decode()
KIND = base64.b64encode(b"of a kind").decode()


@pytest.mark.parametrize("file", HISTORIES, ids=lambda file: file.stem)
def test_what_a_bundle_says_is_what_protobuf_writes_of_the_events_read(file: Path) -> None:
    """Nothing is lost, added or taken for something else."""
    told = json.loads(file.read_text())["events"]
    assert decoded(MessageToDict(History(events=events_of(told)))["events"]) == told


@pytest.mark.parametrize(
    "told",
    [
        {"eventId": "9007199254740993", "eventTime": "2026-01-02T03:04:05.000000007Z"},
        {"eventId": 7, "eventTime": "1969-12-31T23:59:58.5Z", "eventType": 5},
        {"eventTime": "2026-01-02T03:04:05Z", "eventType": "EVENT_TYPE_TIMER_STARTED", "taskId": None},
        {"eventType": "EVENT_TYPE_OF_ANOTHER_DAY", "unheardOf": {"a": [1]}, "eventId": "1"},
        {"timerStartedEventAttributes": {"timerId": "1", "startToFireTimeout": "90.000000001s"}},
        {"timerStartedEventAttributes": {}},
        {"workflowTaskCompletedEventAttributes": {"sdkMetadata": {"langUsedFlags": [1, 3]}}},
        {
            "workflowTaskFailedEventAttributes": {
                # A failure may hold another, and so on.
                "failure": {"cause": {"cause": {"message": "m", "applicationFailureInfo": {"type": "t"}}}}
            }
        },
        {
            "markerRecordedEventAttributes": {
                "details": {
                    "a": {"payloads": [{"metadata": {"encoding": PLAIN, "of": KIND}, "data": ENCODED}]},
                    "b": {"payloads": [{"data": "/w=="}, {}, {"metadata": {"encoding": PLAIN}}]},
                }
            }
        },
    ],
)
def test_an_event_is_read_as_protobuf_reads_it(told: dict[str, Any]) -> None:
    """Shown decoded or not."""
    expected = list(ParseDict({"events": [told]}, History(), ignore_unknown_fields=True).events)
    assert events_of([told]) == expected
    assert events_of(decoded([told])) == expected


@pytest.mark.parametrize(
    "told",
    [
        "an event",
        {"eventId": "one"},
        {"eventId": {"a": 1}},
        {"eventTime": "yesterday"},
        {"eventTime": 1},
        {"timerStartedEventAttributes": {"timerId": 1}},
        {"timerStartedEventAttributes": "1"},
        {"timerStartedEventAttributes": {"startToFireTimeout": "soon"}},
        {"markerRecordedEventAttributes": {"details": []}},
        {"markerRecordedEventAttributes": {"details": {"a": {"payloads": [{"data": 1}]}}}},
    ],
)
def test_a_value_of_another_kind_is_refused(told: Any) -> None:
    with pytest.raises((ValueError, TypeError, AttributeError, LookupError)):
        events_of([told])
