"""Maps of runs as one page of HTML."""

from collections.abc import Iterator, Sequence

from operations.map_svg import STYLE, map_svg
from operations.pages import Raw, page, table, tag
from operations.run_maps import RunMap, Transition
from operations.wording import counted, dollars, precise

__all__ = ["STAGES", "TRANSITIONS", "map_page", "never_words", "stage_cells", "transition_cells"]

TRANSITIONS = ("from", "to", "runs", "median time", "median cost", "unknown", "")
STAGES = ("stage", "entered", "ended in it")
MEANING = (
    "Times and costs are medians of the stays that a transition ended. Costs are the proven ones, "
    "in the picture to two digits. Dashed: declared, and never taken."
)
OWN_STYLE = """\
.map { margin: 1.5rem auto; }
td:last-child { min-width: 3rem; padding-right: 0; }
.never td { color: var(--soft); }
.undeclared td:last-child { color: var(--bad); }
.soft { color: var(--soft); }
"""


def transition_cells(way: Transition) -> tuple[str, ...]:
    """In the order of TRANSITIONS. Time and cost are of the stay in `from`."""
    time = "" if way.median_s is None else precise(way.median_s)
    cost = dollars(way.median_usd) if way.median_usd else ""
    unknown = counted(way.unknown, "attempt") if way.unknown else ""
    note = "not declared by the current plan" if not way.declared else "" if way.count else "never"
    return way.before, way.after, str(way.count), time, cost, unknown, note


def stage_cells(shown: RunMap) -> Iterator[tuple[str, ...]]:
    """In the order of STAGES."""
    for each in shown.stages:
        ends = ", ".join(f"{number} {state}" for state, number in each.ended.items())
        yield each.stage, str(each.entered), ends


def never_words(shown: RunMap) -> str:
    declared = sum(way.declared for way in shown.transitions)
    return (
        f"{counted(shown.runs, 'run')}; {len(shown.never)} of {declared} declared transitions never happened"
    )


def map_page(maps: Sequence[RunMap]) -> str:
    """A section for each workflow: the picture, then the same as tables."""
    title = f"Paths of runs: {', '.join(each.workflow for each in maps)}"
    header = tag("header", tag("h1", "Paths of runs"), tag("p", MEANING, class_="soft"))
    return page(title, [header, tag("main", *(section(each) for each in maps))], style=STYLE + OWN_STYLE)


def section(shown: RunMap) -> Raw:
    kinds = [
        "never" if not way.count else None if way.declared else "undeclared" for way in shown.transitions
    ]
    return tag(
        "section",
        tag("h2", shown.workflow),
        tag("p", never_words(shown)),
        map_svg(shown),
        tag("h3", "Transitions"),
        table(TRANSITIONS, map(transition_cells, shown.transitions), classes=kinds),
        tag("h3", "Stages"),
        table(STAGES, stage_cells(shown)),
    )
