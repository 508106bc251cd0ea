"""The trail: one digest for one content, each link chained to the one before."""

import json
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from temporalio.api.common.v1 import Payload

from contracts.receipts import Balance, TrailLink
from contracts.terms import Amount
from workflows.kernel.trail import Trail, canonical, chain, digest, json_digest

# Everything that JSON can say, lone surrogates included: "\ud800" is valid JSON.
TEXT = st.text(st.characters())
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
BALANCE = Balance(settled=Amount(usd=Decimal("0.0123"), tokens=700, calls=1))


def turned(value: Any) -> Any:
    """The same value, with the keys of every object in the opposite order."""
    if isinstance(value, dict):
        return {key: turned(value[key]) for key in reversed(value)}
    return [turned(each) for each in value] if isinstance(value, list) else value


def payload(text: str) -> Payload:
    return Payload(metadata={"encoding": b"json/plain"}, data=text.encode())


def test_digests_are_what_they_were() -> None:
    """Recorded histories hold them, so they must never change."""
    assert digest(b"") == "e3b0c44298fc1c14"
    assert canonical({"b": [1, None, "ü"], "a": True}) == '{"a":true,"b":[1,null,"ü"]}'.encode()
    assert json_digest(payload('{"text": "late"}'), payload("3")) == digest(b'[{"text":"late"},3]')
    assert chain("", [], Balance()) == digest(b'["",[],{}]')
    assert chain("ab", [{"read": "2"}], BALANCE) == digest(
        b'["ab",[{"read":"2"}],{"settled":{"calls":1,"tokens":700,"usd":"0.0123"}}]'
    )


@given(JSON)
def test_a_value_has_one_canonical_form_whatever_the_order_of_its_keys(value: Any) -> None:
    """And it can be read back from it."""
    assert canonical(turned(value)) == canonical(value)
    assert json.loads(canonical(value).decode("utf-8", "surrogatepass")) == value


@given(JSON)
def test_a_payload_has_one_digest_however_it_is_spaced_and_escaped(value: Any) -> None:
    """Exported histories are written anew by other tools."""
    tight = json.dumps(value, separators=(",", ":"))
    wide = json.dumps(turned(value), indent=4)
    assert json_digest(payload(tight)) == json_digest(payload(wide))


def test_values_that_python_calls_equal_have_different_forms() -> None:
    """1, 1.0 and true are three values in JSON, and "1" is a fourth."""
    assert len({canonical([value]) for value in (1, 1.0, True, "1")}) == 4


def test_the_number_of_payloads_is_part_of_their_digest() -> None:
    """One list of two is not two arguments."""
    assert json_digest(payload("[1, 2]")) != json_digest(payload("1"), payload("2"))


def test_a_link_takes_what_is_pending_and_leaves_nothing() -> None:
    """Every entry is recorded once, in order."""
    trail = Trail()
    trail.add({"read": "1"})
    trail.add({"read": "2"})
    assert trail.link(BALANCE).entries == [{"read": "1"}, {"read": "2"}]
    assert trail.link(BALANCE).entries == []


def test_what_a_command_that_was_never_sent_should_have_carried_rides_with_the_next() -> None:
    """Chained as if that one had not been."""
    trail = Trail()
    trail.add({"read": "1"})
    before, lost = trail.head, trail.link(BALANCE)
    trail.add({"read": "2"})
    trail.take_back("3.1", lost, before)
    link = trail.link(BALANCE)
    assert link.entries == [{"read": "1"}, {"read": "2"}, {"never_sent": "3.1"}]
    assert link.chain == chain(before, link.entries, BALANCE)


def test_each_link_is_chained_to_the_one_before() -> None:
    """Anybody can recompute it from what is recorded; an edit of one link breaks it there."""
    trail = Trail()
    links = []
    for number in range(3):
        trail.add({"read": str(number)})
        links.append(trail.link(BALANCE))
    before = ""
    for link in links:
        assert link.chain == chain(before, link.entries, link.balance)
        assert link.chain != chain(before, [{"read": "9"}], link.balance)
        assert link.chain != chain(before, link.entries, Balance())
        assert link.chain != chain("0" * 16, link.entries, link.balance)
        before = link.chain
    assert len({link.chain for link in links}) == 3


def test_two_empty_links_in_a_row_still_differ() -> None:
    """So that one of them cannot be taken out."""
    trail = Trail()
    assert trail.link(BALANCE).chain != trail.link(BALANCE).chain


def test_a_recorded_link_is_chained_as_the_link_that_was_written() -> None:
    """Zeros stay at home, and what is read back says the same."""
    trail = Trail()
    trail.add({"decision": "remedy", "facts": {"total": "49.90"}})
    written = trail.link(BALANCE)
    data = written.model_dump_json()
    assert json.loads(data)["balance"] == {"settled": ["0.0123", 700, 1]}
    read = TrailLink.model_validate_json(data)
    assert read == written
    assert read.chain == chain("", read.entries, read.balance)
