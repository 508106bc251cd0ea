"""A redacted run holds nothing that people wrote, and can still be explained and proven as what it is."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from embedded.stack import CHECKOUT
from operations.bundles import Bundle, read_bundle, written
from operations.histories import load
from operations.placeholders import Placeholders, cost
from operations.redaction import redact
from operations.story import story
from operations.verification import verify
from tests.operations.recorded import HISTORIES, edits, recorded
from worker import WORKFLOWS

CODE = "".join(
    file.read_text() for name in ("workflows", "contracts") for file in (CHECKOUT / name).rglob("*.py")
)
# Its output was supplied by a person and is checked for words that a placeholder has not.
NOT_PROVABLE = {"reply-supplied-by-a-person"}


def said_by_people(text: str) -> set[str]:
    """Each longer word that a person or a model wrote in a run: what it was given, and the replies."""
    told = json.loads(text)
    first = told["events"][0]["workflowExecutionStartedEventAttributes"]["input"]["payloads"][0]["says"]
    found = set(words_of(first))
    for event in told["events"]:
        for payload in (
            event.get("activityTaskCompletedEventAttributes", {}).get("result", {}).get("payloads", [])
        ):
            found |= set(words_of(payload.get("says", {}).get("reply", {})))
    return {word for word in found if len(word) > 7}


def words_of(value: Any) -> Iterator[str]:
    """Of every text in it, however deep."""
    if isinstance(value, str):
        yield from value.split()
    elif isinstance(value, (dict, list)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from words_of(each)


@pytest.mark.parametrize("file", HISTORIES, ids=lambda file: file.stem)
async def test_nothing_that_people_wrote_is_left_and_the_run_is_still_proven(
    file: Path, tmp_path: Path
) -> None:
    """In the file's text as a whole: inputs, results, commands, summaries, keys, reasons."""
    original = load(file)
    words = said_by_people(written(Bundle(original)))
    history, sealed = await redact(original, WORKFLOWS)
    text = written(Bundle(history, redacted="yes"))
    # The code has words of its own, and some are the same: `refunded`, `delivered`.
    assert [word for word in words if word in text and word not in CODE] == []
    assert "okafor" not in text.lower()
    assert sealed is (file.stem not in NOT_PROVABLE)
    (tmp_path / "bundle.json").write_text(text)
    read = read_bundle(tmp_path / "bundle.json").history
    assert (await verify(read, WORKFLOWS)).holds is sealed
    assert paths(story(read)) == paths(story(original))


def paths(told: Any) -> Any:
    """What a run did, with its costs."""
    items = [(item.kind, item.event) for item in told.items]
    return items, told.totals, told.state, told.thresholds


async def test_a_redacted_run_that_is_edited_is_refused_as_any_other() -> None:
    """Its digests are its own, so it contradicts itself just as well."""
    history, _ = await redact(recorded("replied-too-late"), WORKFLOWS)
    _, _, edited = next(each for each in edits(history) if each[0].startswith("result"))
    assert not (await verify(edited, WORKFLOWS)).holds


async def test_a_run_that_was_edited_is_never_sealed() -> None:
    """Redaction does not make a false history true."""
    _, _, edited = next(each for each in edits(recorded("replied-too-late")) if each[0].startswith("result"))
    history, sealed = await redact(edited, WORKFLOWS)
    assert not sealed
    assert not (await verify(history, WORKFLOWS)).holds


@pytest.mark.parametrize(
    "words",
    [
        "Bo",
        "KM-20417",
        "b.okafor@mailbox.example",
        "a\nb",
        "Größe",
        'He said "no"\nand went 😀 away, far away',
        "",
    ],
)
def test_a_placeholder_takes_as_many_bytes_as_its_words(words: str) -> None:
    """Sizes are held against the budget: with others the run would be booked otherwise."""
    made = Placeholders().of(words)
    assert sum(map(cost, made)) == sum(map(cost, words))
    assert len(made) == len(words)
    assert made != words or not words


def test_the_same_words_have_the_same_placeholder_and_others_another() -> None:
    """So what was equal is equal, and what was not is not."""
    put = Placeholders()
    names = [f"name{number:03}" for number in range(200)]
    assert len({put.of(name) for name in names}) == len(names)
    assert [put.of(name) for name in names] == [put.of(name) for name in names]
    assert put.within(f"reply to {names[7]}") == f"reply to {put.of(names[7])}"
    assert Placeholders().of("okafor") != Placeholders().of("okafor")
