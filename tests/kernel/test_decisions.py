"""Decision tables: how conditions hold, how rows are found, how they read, and what is refused."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest

from contracts.values import Value
from workflows.kernel.decisions import Condition, Decision, Fact, Row, Table, facts_of, limit


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"
    BLUE = "blue"


class Answer(StrEnum):
    YES = "yes"
    NO = "no"


class ParcelFacts(Value):
    colour: Colour | None = None
    days: int | None = None
    total: Decimal = Decimal("49.90")
    late: bool = False
    sent_on: date | None = None


facts = facts_of(ParcelFacts)
LIMITS = {"days_allowed": Decimal(30), "most": Decimal("50.00")}
ALWAYS = Row("everything else", Answer.NO)


def holds(condition: Condition, **values: object) -> bool:
    return condition.holds(ParcelFacts.model_validate(values), LIMITS)


def table(*rows: Row[Answer], model: type[ParcelFacts] = ParcelFacts) -> Table[ParcelFacts, Answer]:
    return Table(name="parcel", version=3, facts=model, rows=rows)


ORDERS: list[tuple[Callable[[Fact], Condition], list[int]]] = [
    (lambda fact: fact < 30, [29]),
    (lambda fact: fact <= 30, [29, 30]),
    (lambda fact: fact > 30, [31]),
    (lambda fact: fact >= 30, [30, 31]),
    (lambda fact: fact.is_(30), [30]),
    (lambda fact: fact.one_of(29, 31), [29, 31]),
]
COMPARED = pytest.mark.parametrize(("compare", "hit"), ORDERS, ids=["<", "<=", ">", ">=", "is", "one of"])


@COMPARED
def test_a_comparison_holds_up_to_its_very_bound(
    compare: Callable[[Fact], Condition], hit: list[int]
) -> None:
    """Around the bound, one by one."""
    assert [days for days in (29, 30, 31) if holds(compare(facts.days), days=days)] == hit


@COMPARED
def test_an_inverted_comparison_holds_where_the_other_does_not(
    compare: Callable[[Fact], Condition], hit: list[int]
) -> None:
    """For every fact that is present; and inverted twice it is itself."""
    condition = compare(facts.days)
    missed = [days for days in (29, 30, 31) if days not in hit]
    assert [days for days in (29, 30, 31) if holds(~condition, days=days)] == missed
    assert ~~condition == condition


@pytest.mark.parametrize("invert", [False, True], ids=["as written", "inverted"])
@pytest.mark.parametrize("compare", [compare for compare, _ in ORDERS[:4]], ids=["<", "<=", ">", ">="])
def test_an_absent_fact_is_neither_below_nor_above_anything(
    compare: Callable[[Fact], Condition], invert: bool
) -> None:
    """So neither a comparison nor its opposite holds: an unknown number of days is not in time, nor late."""
    condition = compare(facts.days)
    assert not holds(~condition if invert else condition, days=None)


def test_an_absent_fact_is_only_itself() -> None:
    """Absence can be asked for, and is none of the values."""
    assert holds(facts.colour.is_(None))
    assert not holds(~facts.colour.is_(None))
    assert not holds(facts.colour.is_(Colour.RED))
    assert holds(~facts.colour.is_(Colour.RED))
    assert not holds(facts.colour.one_of(Colour.RED, Colour.GREEN))
    assert holds(~facts.colour.one_of(Colour.RED, Colour.GREEN))
    assert holds(facts.colour.one_of(Colour.RED, None))


def test_a_limit_is_the_sheets_and_exact() -> None:
    """The threshold that the run was started with, compared without rounding."""
    assert holds(facts.total <= limit("most"), total="50.00")
    assert not holds(facts.total <= limit("most"), total="50.000000000001")
    assert holds(facts.days > limit("days_allowed"), days=31)
    assert not holds(facts.days > limit("days_allowed"), days=30)


def test_dates_are_compared_as_dates() -> None:
    """The day itself included or not, as written."""
    day = date(2026, 11, 22)
    assert holds(facts.sent_on >= day, sent_on=day)
    assert not holds(facts.sent_on < day, sent_on=day)


def test_a_bool_fact_is_a_condition_and_its_opposite() -> None:
    """Written alone, or with a tilde."""
    late, in_time = Row("late", Answer.YES, facts.late), Row("in time", Answer.YES, ~facts.late)
    for value in (True, False):
        given = ParcelFacts(late=value)
        assert late.hits(given, LIMITS) is value
        assert in_time.hits(given, LIMITS) is not value


def test_the_first_row_that_hits_decides() -> None:
    """Also where a later one would hit as well, with another outcome."""
    rules = table(
        Row("blue and dear", Answer.NO, facts.colour.is_(Colour.BLUE), facts.total > limit("most")),
        Row("blue", Answer.YES, facts.colour.is_(Colour.BLUE)),
        Row("dear", Answer.YES, facts.total > limit("most")),
        ALWAYS,
    )

    def row(**values: object) -> int:
        return rules.decide(ParcelFacts.model_validate(values), LIMITS).row

    assert row(colour="blue", total="60") == 1
    assert row(colour="blue", total="40") == 2
    assert row(colour="red", total="60") == 3
    assert row(colour="red", total="40") == 4


def test_a_decision_can_be_read_when_its_table_is_gone() -> None:
    """Table, version, row, reason, outcome and every fact, as plain JSON."""
    rules = table(Row("blue", Answer.YES, facts.colour.is_(Colour.BLUE)), ALWAYS)
    given = ParcelFacts(colour=Colour.BLUE, days=2, sent_on=date(2026, 11, 20))
    decision = rules.decide(given, LIMITS)
    assert decision == Decision("parcel", 3, 1, "blue", Answer.YES, given)
    assert decision.entry() == {
        "decision": "parcel",
        "version": 3,
        "row": 1,
        "because": "blue",
        "outcome": "yes",
        "facts": {"colour": "blue", "days": 2, "total": "49.90", "late": False, "sent_on": "2026-11-20"},
    }


@pytest.mark.parametrize(
    ("row", "bare", "filled"),
    [
        (
            Row("", Answer.YES, facts.total <= limit("most"), ~facts.late),
            "total <= most and late is no",
            "total (49.9) <= most (50) and late (yes) is no",
        ),
        (Row("", Answer.YES, facts.late), "late is yes", "late (yes) is yes"),
        (Row("", Answer.YES, facts.days.is_(None)), "days is absent", "days (absent) is absent"),
        (
            Row("", Answer.YES, facts.colour.one_of(Colour.RED, None)),
            "colour one of red, absent",
            "colour (blue) one of red, absent",
        ),
        (
            Row("", Answer.YES, ~facts.colour.one_of(Colour.RED, Colour.GREEN)),
            "colour none of red, green",
            "colour (blue) none of red, green",
        ),
        (Row("", Answer.YES, ~facts.days.is_(1)), "days is not 1", "days (absent) is not 1"),
        (
            Row("", Answer.YES, facts.sent_on < date(2026, 11, 22)),
            "sent_on < 2026-11-22",
            "sent_on (2026-11-20) < 2026-11-22",
        ),
        (ALWAYS, "always", "always"),
    ],
    ids=["limit", "bool", "absent", "one of", "none of", "is not", "date", "always"],
)
def test_a_row_reads_as_a_sentence(row: Row[Answer], bare: str, filled: str) -> None:
    """As written; and with the values put in."""
    given = ParcelFacts(colour=Colour.BLUE, late=True, sent_on=date(2026, 11, 20))
    assert row.text() == bare
    assert row.text(given, LIMITS) == filled


def test_a_table_names_the_limits_that_it_needs() -> None:
    """Each once, whichever rows use it."""
    rules = table(
        Row("dear", Answer.NO, facts.total > limit("most")),
        Row("cheap", Answer.YES, facts.total <= limit("most"), facts.days > limit("days_allowed")),
        ALWAYS,
    )
    assert rules.limits == {"most", "days_allowed"}
    assert table(ALWAYS).limits == frozenset()


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ((), "the last row must always hit"),
        ((Row("late", Answer.YES, facts.late),), "the last row must always hit"),
        ((ALWAYS, ALWAYS), "no row after 'everything else' can be reached"),
    ],
    ids=["empty", "no last resort", "an early last resort"],
)
def test_a_table_that_cannot_decide_or_has_idle_rows_is_refused(
    rows: tuple[Row[Answer], ...], why: str
) -> None:
    """When its module is imported, by the table's name."""
    with pytest.raises(ValueError, match=f"table parcel: {why}"):
        table(*rows)


def test_a_row_on_a_fact_that_its_table_has_not_is_refused() -> None:
    """At import, not when a run first comes to the row."""

    class Others(Value):
        weight: int

    heavy = Row("heavy", Answer.NO, facts_of(Others).weight > 3)
    with pytest.raises(ValueError, match="table parcel: 'heavy' asks for weight, which ParcelFacts has not"):
        table(heavy, ALWAYS)


def test_a_fact_that_its_model_has_not_is_refused_where_it_is_written() -> None:
    """A typing error never becomes a row that does not hit."""
    with pytest.raises(AttributeError, match="ParcelFacts has no fact 'color'"):
        _ = facts.color


@pytest.mark.parametrize(
    ("written", "says"),
    [
        (lambda: facts.colour == Colour.RED, r"write facts\.colour\.is_\(\.\.\.\)"),
        (lambda: facts.days in (1, 2), r"facts\.days\.one_of\(\.\.\.\)"),
        (lambda: facts.colour != Colour.RED, r"write ~facts\.colour\.is_\(\.\.\.\)"),
        (lambda: facts.late and facts.days > 3, r"Row\(\.\.\., a, b\) instead of `a and b`"),
        (lambda: facts.days > 3 or facts.late, "two rows instead of `a or b`"),
        (lambda: not facts.late, "~a instead of `not a`"),
        (lambda: 1 < facts.days < 5, "two conditions instead of 1 < a < 5"),
    ],
    ids=["==", "in", "!=", "and", "or", "not", "chained"],
)
def test_a_condition_that_python_would_answer_itself_is_refused_with_what_to_write(
    written: Callable[[], object], says: str
) -> None:
    """None of these could wait for a run: the row would hit always, never, or by half of what it says."""
    with pytest.raises(TypeError, match=says):
        written()


def test_a_row_takes_conditions_only() -> None:
    """By its words, where what was written has become true or false."""
    condition: Any = ~facts.colour
    with pytest.raises(TypeError, match=r"row 'red': False is no condition; write facts\.x\.is_\(\.\.\.\)"):
        Row("red", Answer.NO, condition == Colour.RED)


def test_a_fact_beside_another_one_is_refused_by_its_table() -> None:
    """A comparison of two facts is a fact of its own: it can be printed with its value, and asked why not."""
    beside: Any = facts.total
    with pytest.raises(ValueError, match="'dear' asks for days beside another fact; a bound is a value or"):
        table(Row("dear", Answer.NO, facts.days > beside), ALWAYS)
