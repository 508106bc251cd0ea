"""`evaluate extract-records`: the sample invoices through a model, held against their truth."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from commands.document_scores import DocumentScore, scored
from commands.evaluate import JOBS, chosen
from commands.evaluate_documents import problems_in
from commands.evaluate_documents_report import print_documents
from commands.sample_documents import SampleDocument, sample_documents
from commands.second_pass import SecondPass
from contracts.approvals import Verdict
from operations.document_sources import keep_document
from operations.story import story
from operations.story_items import ApprovalEnded
from payloads.storage import documents_in
from tests.commands.evaluating import evaluated, lines_of
from tests.commands.invoice_reader import TRUTHS, copied, reads_invoices, truth_of
from tests.commands.test_bad_input import ROOT
from tests.fault_server import Exchange, faults
from tests.operations.recorded import recorded

SAMPLES = sample_documents()
PLAIN, WRONG_TOTAL = "01-letter-en-US.pdf", "07-letter-en-US.pdf"
HIDDEN, BROKEN, HELD_OUT = "10-letter-de-CH.pdf", "12-letter-es-ES.pdf", "49-ledger-fr-FR.pdf"
NOTHING_NEW = SecondPass(asked=1, from_completed_work=1, joined=0, model_requests=0)
APPROVED = ApprovalEnded(
    event=9, at=datetime(2026, 3, 4, tzinfo=UTC), action="write_record", outcome="approved", by="ada"
)


def score(label: str, path: str = "written", *, asked: bool = False, **misread: Any) -> DocumentScore:
    """Of a run that ended so, and wrote what it read."""
    sample = SAMPLES[label]
    record = None if sample.record is None else {**sample.record, **misread}
    told = story(recorded("refunded-at-once")).model_copy(
        update={"result": {"path": path, "record": record}, "items": [APPROVED] if asked else []}
    )
    return scored(sample, told, record if path == "written" else None)


def printed(scores: list[DocumentScore], problems: list[str]) -> list[str]:
    return lines_of(lambda console: print_documents(scores, NOTHING_NEW, problems, console))


def test_every_sample_is_what_run_would_make_of_its_file(tmp_path: Path) -> None:
    """So that an evaluation and `run` mean the same run."""
    store = documents_in(tmp_path)
    assert len(SAMPLES) == len(TRUTHS)
    for label in (PLAIN, BROKEN):
        content = (ROOT / "samples" / "invoices" / label).read_bytes()
        assert SAMPLES[label].argument.document == keep_document(label, content, store)


def test_samples_are_chosen_by_layout_group_share_and_file() -> None:
    def labels(*only: str) -> set[str]:
        found: list[SampleDocument] = chosen(only, SAMPLES, JOBS["extract-records"].folder)
        return {each.label for each in found}

    assert labels("shown") | labels("held-out") == set(SAMPLES)
    assert not labels("shown") & labels("held-out")
    assert labels("ledger", "list") == labels("held-out")
    assert labels(PLAIN, BROKEN) == {PLAIN, BROKEN}
    assert labels("broken") == {label for label, truth in TRUTHS.items() if truth["invoice"] is None}


@pytest.mark.parametrize("label", [PLAIN, WRONG_TOTAL])
def test_a_careful_person_agrees_exactly_to_what_is_true(label: str) -> None:
    """Also to a total that does not come out, where that is what the document says."""
    sample = SAMPLES[label]
    assert sample.answered({"record": sample.record})[0] is Verdict.APPROVE
    assert sample.answered({"record": {**(sample.record or {}), "due_on": None}})[0] is Verdict.DENY


def test_a_row_that_is_not_true_is_a_problem_however_it_was_written() -> None:
    scores = [score(PLAIN), score(PLAIN, total="9"), score(WRONG_TOTAL, asked=True, tax="9")]
    assert problems_in(scores) == [
        f"{PLAIN} was written without review, and differs from what is true",
        f"{WRONG_TOTAL} was written after review, and differs from what is true",
    ]


def test_what_cannot_be_verified_is_a_problem_when_no_person_saw_it() -> None:
    """Though every value of it is right."""
    assert problems_in([score(WRONG_TOTAL, asked=True), score(HIDDEN, asked=True), score(PLAIN)]) == []
    assert problems_in([score(WRONG_TOTAL), score(HIDDEN)]) == [
        f"{WRONG_TOTAL} was written without review, though its sums do not come out",
        f"{HIDDEN} was written without review, though it holds text that no reader sees",
    ]


def test_a_run_and_the_table_have_to_agree_on_what_was_written() -> None:
    lost = replace(score(PLAIN), row=None)
    slipped = replace(score(PLAIN, "denied", asked=True), row=SAMPLES[PLAIN].record)
    assert problems_in([lost, slipped]) == [
        f"{PLAIN} is not in the table, and its run says that it was written without review",
        f"{PLAIN} stands in the table, and its run says that it was denied",
    ]


def test_the_table_counts_by_field_and_layout_and_keeps_held_out_layouts_apart() -> None:
    """Of a document that is held out no reading is shown: a prompt that is changed by it would know it."""
    scores = [
        score(PLAIN, total="9"),
        score(WRONG_TOTAL, "denied", asked=True, lines=[]),
        score(BROKEN, "handed_over"),
        score(HELD_OUT, vendor="secret"),
    ]
    lines = printed(scores, problems_in(scores))
    rows = {" ".join(line.split("  ")[0].split()): line.split() for line in lines if line}
    assert rows["right of"][2:] == ["letter", "shown", "ledger", "held", "out"]
    assert rows["total"] == ["total", "1/2", "1/2", "1/1", "1/1"]
    assert rows["vendor"] == ["vendor", "2/2", "2/2", "0/1", "0/1"]
    assert rows["rows whole"][2:] == ["2/6", "2/6", "5/5", "5/5"]
    assert rows["records whole"][2:] == ["0/2", "0/2", "0/1", "0/1"]
    assert rows["all"][1:5] == ["4", "2", "1", "1"]
    text = "\n".join(lines)
    assert f"{PLAIN} (plain): written without review; read total 9 for 9869.96" in text
    assert f"{WRONG_TOTAL} (wrong_total): denied; read 0 of 4 rows" in text
    assert f"{HELD_OUT} (plain): written without review (held out)" in text
    assert "secret" not in text
    assert "2 of 4 documents were written without review, 2 of them with a value that is not true" in text
    assert "2 cannot be verified; 0 of them were written without review" in text


def test_a_second_pass_that_is_not_free_is_a_problem() -> None:
    dear = SecondPass(asked=6, from_completed_work=4, joined=1, model_requests=2, new_rows=3)
    assert list(NOTHING_NEW.problems) == []
    assert list(dear.problems) == [
        "the same documents again began 1 runs anew",
        "the same documents again took 2 model requests",
        "the same documents again wrote 3 rows",
    ]


@pytest.mark.timeout(180)
async def test_a_provider_that_reads_like_a_person_is_right_everywhere_and_is_not_asked_twice(
    tmp_path: Path,
) -> None:
    """Each way that a document can go but two; what no rule may write, a person agreed to."""
    only = (PLAIN, "04-letter-de-CH.pdf", "17-grid-es-ES.pdf", WRONG_TOTAL, HIDDEN, BROKEN, HELD_OUT)
    done = await evaluated(reads_invoices, tmp_path, "extract-records", only=only)
    found = done.found
    assert found["problems"] == []
    assert {each["input"]: each["outcome"] for each in found["documents"]} == {
        **dict.fromkeys(only, "written without review"),
        WRONG_TOTAL: "written after review",
        HIDDEN: "written after review",
        BROKEN: "handed over",
    }
    assert found["fields"]["records whole"]["shown"] == [5, 5]
    assert found["fields"]["records whole"]["held out"] == [1, 1]
    assert done.requests == sum(each["totals"]["model_attempts"] for each in found["documents"])
    assert found["again"] == {
        "asked": 7,
        "from_completed_work": 7,
        "joined": 0,
        "model_requests": 0,
        "new_rows": 0,
    }
    assert done.code == 0


@pytest.mark.timeout(120)
async def test_what_is_read_wrong_is_denied_where_a_person_sees_it_and_fails_where_nobody_does(
    tmp_path: Path,
) -> None:
    """The two names are on the document, so no rule can see that they were taken for each other."""

    async def takes_names_for_each_other(exchange: Exchange) -> None:
        truth, section = truth_of(exchange)
        reading = copied(truth, section, exchange.request)
        values = reading["values"]
        if "vendor" in values:
            values["vendor"], values["customer"] = values["customer"], values["vendor"]
        await faults.reply(reading)(exchange)

    done = await evaluated(takes_names_for_each_other, tmp_path, "extract-records", only=(PLAIN, WRONG_TOTAL))
    found = done.found
    assert {each["input"]: each["outcome"] for each in found["documents"]} == {
        PLAIN: "written without review",
        WRONG_TOTAL: "denied",
    }
    assert found["problems"] == [f"{PLAIN} was written without review, and differs from what is true"]
    assert found["fields"]["vendor"]["letter"] == [0, 2]
    assert found["fields"]["total"]["letter"] == [2, 2]
    assert done.code == 1
