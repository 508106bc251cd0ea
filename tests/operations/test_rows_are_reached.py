"""Every row of every table decides something: found by trying all values that a table can tell apart."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

import pytest
from pydantic import Field

from contracts.values import Value
from operations.candidates import domain_of
from operations.decision_rows import tables_of
from operations.table_checks import Idle, idle_parts
from worker import WORKFLOWS
from workflows.kernel.decisions import Row, Table, facts_of, limit

AnyTable = Table[Any, Any]
EVERY = list(tables_of(list(WORKFLOWS)).values())
OF_SHEETS = {name: value for each in WORKFLOWS for name, value in each.plan.thresholds.items()}
TABLES = pytest.mark.parametrize("table", EVERY, ids=lambda table: table.name)
WITH_LIMITS = [table for table in EVERY if table.limits]


class Answer(StrEnum):
    YES = "yes"
    NO = "no"
    PERHAPS = "perhaps"


class Parcel(Value):
    total: Decimal = Decimal(0)
    days: int | None = None
    pieces: Annotated[int, Field(ge=0)] = 0
    sent_on: date = date(2026, 1, 1)
    late: bool = False
    answer: Answer | None = None
    weight: int = 0


facts = facts_of(Parcel)


def parcel(*rows: Row[Answer]) -> Table[Parcel, Answer]:
    return Table(name="parcel", version=1, facts=Parcel, rows=(*rows, Row("else", Answer.NO)))


@TABLES
def test_every_row_can_be_reached_and_every_outcome_can_come(table: AnyTable) -> None:
    """With the thresholds that a run's sheet holds; no branch after a decision waits in vain."""
    assert idle_parts(table, OF_SHEETS) == Idle((), ())


@pytest.mark.parametrize("value", ["0", "0.5", "1", "1000000"])
@pytest.mark.parametrize("table", WITH_LIMITS, ids=lambda table: table.name)
def test_no_threshold_makes_a_row_idle(table: AnyTable, value: str) -> None:
    """Whatever a sheet says, the order of the rows stays sound."""
    assert idle_parts(table, dict.fromkeys(table.limits, Decimal(value))) == Idle((), ())


@pytest.mark.parametrize(("most", "idle"), [("50", ("very dear",)), ("200", ())])
def test_a_shadowed_row_is_found_by_its_reason(most: str, idle: tuple[str, ...]) -> None:
    """With a threshold that shadows it, and not with another one."""
    table = parcel(
        Row("dear", Answer.YES, facts.total > limit("most")),
        Row("very dear", Answer.PERHAPS, facts.total > 100),
    )
    found = idle_parts(table, {"most": Decimal(most)})
    assert found.rows == idle
    assert found.outcomes == ((Answer.PERHAPS,) if idle else ())


def test_an_outcome_that_no_row_has_is_found() -> None:
    assert idle_parts(parcel(Row("late", Answer.YES, facts.late)), {}) == Idle((), (Answer.PERHAPS,))


def test_facts_that_their_model_refuses_reach_nothing() -> None:
    """Fewer pieces than none would be needed."""
    table = parcel(Row("late", Answer.YES, facts.late), Row("owed", Answer.PERHAPS, facts.pieces < 0))
    assert idle_parts(table, {}).rows == ("owed",)


def test_values_are_taken_from_what_rows_compare_with() -> None:
    """Constants and thresholds alike, with their neighbours; what is never compared has one value."""
    table = parcel(
        Row("dear", Answer.YES, facts.total > limit("most"), ~facts.total.is_(Decimal("99.995"))),
        Row("old", Answer.YES, facts.days > limit("days"), facts.days < 60),
        Row("odd", Answer.PERHAPS, facts.pieces.one_of(1, 5)),
        Row("before", Answer.PERHAPS, facts.sent_on < date(2026, 3, 1)),
    )
    assert domain_of(table, {"most": Decimal(50), "days": Decimal("30.5")}) == {
        "total": tuple(map(Decimal, ("49.999", "50", "50.001", "99.994", "99.995", "99.996"))),
        "days": (29, 30, 31, 59, 60, 61, None),
        "pieces": (0, 1, 2, 4, 5, 6),
        "sent_on": (date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 2)),
        "late": (False, True),
        "answer": (*Answer, None),
        "weight": (0,),
    }


def test_a_kind_that_no_table_decides_on_is_refused() -> None:
    """It has no finite set of values that stands for all."""

    class Letter(Value):
        words: str

    table = Table(name="letter", version=1, facts=Letter, rows=(Row("else", Answer.NO),))
    with pytest.raises(TypeError, match="table letter: words is of a kind that no table decides on"):
        domain_of(table, {})
