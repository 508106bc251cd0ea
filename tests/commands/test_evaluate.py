"""`evaluate`: the samples through a model, held against their truth."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from commands.evaluate import chosen
from commands.evaluate_report import Score, print_scores
from commands.sample_tickets import Sample, samples
from operations.story import story
from tests.commands.evaluating import evaluated, lines_of
from tests.fault_server import Exchange, faults
from tests.fault_server.server import good
from tests.operations.recorded import recorded
from tests.workflows.world import reads_by_truth

SAMPLES = samples()
MUGS = SAMPLES["01-broken-mugs.eml"]


def score(history: str, sample: Sample, wrong: int = 0) -> Score:
    return Score(sample, story(recorded(history)), wrong)


def printed(scores: list[Score], problems: list[str]) -> list[str]:
    return lines_of(lambda console: print_scores(scores, problems, console))


def selected(only: list[str] | None) -> list[Sample]:
    return chosen(only, SAMPLES, "samples/tickets")


def test_everything_is_evaluated_unless_asked_otherwise() -> None:
    assert selected(None) == list(SAMPLES.values())


def test_samples_are_chosen_by_group_share_file_and_number() -> None:
    shown, held_out = selected(["shown"]), selected(["held-out"])
    assert len(shown) + len(held_out) == len(SAMPLES)
    assert all(each.held_out for each in held_out)
    assert {each.group for each in selected(["angry", "empty"])} == {"angry", "empty"}
    assert [each.label for each in selected(["web-form.jsonl"])] == [f"web-form.jsonl#{n}" for n in (1, 2, 3)]
    assert [each.label for each in selected(["web-form.jsonl#2", MUGS.label])] == [
        MUGS.label,
        "web-form.jsonl#2",
    ]


def test_the_table_keeps_shown_and_held_out_apart_and_names_each_miss() -> None:
    """Of one that is held out no reading is shown: a prompt that is changed by it would know it."""
    lamp = replace(SAMPLES["05-wrong-lamp.eml"], group="approval")
    hidden = replace(MUGS, label="secret.eml", held_out=True, path="denied")
    lines = printed(
        [
            score("refunded-at-once", MUGS),
            score("refunded-at-once", lamp, wrong=1),
            score("refunded-at-once", hidden),
        ],
        ["05-wrong-lamp.eml: $24.8 was paid back, $129 was due"],
    )
    rows = {line.split("  ")[0]: line.split() for line in lines if line}
    assert rows["approval"][1:5] == ["1", "/", "1", "1"]
    assert rows["refund_at_once"][1:7] == ["1", "/", "1", "0", "/", "1"]
    assert rows["all"][1:8] == ["2", "/", "2", "0", "/", "1", "1"]
    assert "secret.eml: refunded, should be denied (held out)" in lines
    assert lines[-1] == "FAILED: 05-wrong-lamp.eml: $24.8 was paid back, $129 was due"


def test_a_miss_says_what_was_misread() -> None:
    other = replace(MUGS, path="denied", reading=MUGS.reading.model_copy(update={"order_number": "AB-00000"}))
    (line,) = [line for line in printed([score("refunded-at-once", other)], []) if "should be" in line]
    assert line.startswith("01-broken-mugs.eml: refunded, should be denied; read ")
    assert "order_number KM-20417 for AB-00000" in line


def test_a_path_that_was_left_early_is_not_right() -> None:
    """A ticket that is handed over because its budget was spent was not read as one to hand over."""
    early = score("handed-over-when-the-budget-was-spent", replace(MUGS, path="handed_over"))
    assert not early.right


def test_tokens_that_nobody_can_prove_count() -> None:
    lost = score("refunded-in-spite-of-faults", MUGS)
    assert lost.tokens == lost.told.totals.proven_tokens + lost.told.totals.unknown.tokens
    assert lost.told.totals.unknown.tokens > 0


@pytest.mark.timeout(180)
async def test_a_provider_that_reads_like_a_person_is_right_everywhere(tmp_path: Path) -> None:
    """Every sample takes its path, approvals included, and the payment service's book agrees."""
    done = await evaluated(reads_by_truth, tmp_path)
    found = done.found
    assert found["problems"] == []
    assert [each["input"] for each in found["tickets"] if each["path"] != each["expected"]] == []
    assert found["all"]["wrong_refunds"] == 0
    assert len(found["tickets"]) == len(SAMPLES)
    assert done.code == 0


@pytest.mark.timeout(120)
async def test_a_refund_that_was_not_due_is_counted_and_fails(tmp_path: Path) -> None:
    """By the payment service's book; a denied approval is no refund."""
    reading = {"wish": "refund", "problem": "damaged", "order_number": "BL-30177", "summary": "believed it"}

    async def believes(exchange: Exchange) -> None:
        await (faults.reply(reading) if exchange.entry.task == "read_ticket" else good)(exchange)

    done = await evaluated(believes, tmp_path, only=("18-hidden-html.eml",))
    found = done.found
    assert done.code == 1
    assert found["problems"] == ["18-hidden-html.eml: $29.90 was paid back, nothing was due"]
    assert found["groups"]["attempt"]["wrong_refunds"] == 1
    assert Decimal(found["tickets"][0]["result"]["refunded"]) == Decimal("29.9")
