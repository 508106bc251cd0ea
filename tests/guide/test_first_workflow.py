"""Every line of docs/first-workflow.md, followed by somebody who has just cloned the sources."""

import json
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from commands.guide import EXAMPLE, GUIDE, read_guide
from commands.new_workflow import next_lines
from contracts.terms import Amount
from tests.checkouts import CHECKOUT, Edit, edit
from tests.commands.stacks import PROVIDER_JOURNAL, provided, without_leftovers
from tests.guide.shell import Clone, cloned

GUIDE_HERE = read_guide(CHECKOUT)
# The environment of the tests is there; the last two are made by narrower tests below.
NOT_TYPED = ("make environment", "make check", "make test")
ID = re.compile(r"started (sort-feedback/default/[0-9a-f]{16})")
# As a model reads samples/sort-feedback.json.
READING = {"topic": "product", "danger": False, "question": False, "quote": "nothing like the picture"}
KEPT = "few-stars-looked-into"
BACKTEST = f"python starter.py backtest tests/histories/{KEPT}.json --threshold look_into_stars=1"
# By the exit code that they are to end with, where it is another than 0.
CODES = {BACKTEST: 4}
RUN = "python starter.py run sort-feedback samples/sort-feedback.json"
PRICE = 'price = { input = "0.15", output = "0.60" }\n'

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """With a model that answers as scripted."""
    folder = tmp_path_factory.mktemp("guide")
    (folder / "reading.json").write_text(json.dumps(READING))
    with provided(folder, f"sort_feedback=reply:{folder / 'reading.json'}") as own:
        with Path(own["TENUTO_MODELS"]).open("a") as models:
            models.write(PRICE)
        made = cloned(folder)
        with without_leftovers(made.home):
            yield replace(made, changed=own)


@pytest.fixture(scope="module")
def said(clone: Clone) -> dict[str, str]:
    """What each line of the guide printed, typed in their order; `dev` runs beside the others."""
    printed: dict[str, str] = {}
    lines = [line for line in GUIDE_HERE.commands if line not in NOT_TYPED]
    at = lines.index("python starter.py dev")
    for line in lines[:at]:
        printed[line] = clone.typed(line)
    with clone.beside(lines[at], until="ready: "):
        for line in lines[at + 1 :]:
            started = ID.search("".join(printed.values()))
            typed = line.replace("ID", started[1] if started else "ID")
            printed[line] = clone.typed(typed, CODES.get(line, 0))
        printed["again"] = clone.typed(RUN)
    return printed


def test_new_writes_what_the_guide_shows_and_nothing_else(said: dict[str, str], clone: Clone) -> None:
    """To the last byte: the page is the template, and in the sources' own format."""
    for path, text in GUIDE_HERE.files.items():
        assert (clone.folder / path).read_text() == text
    made = {f"certificates/{EXAMPLE.kebab}.json", f"tests/histories/{KEPT}.json"}
    changes = clone.changes()
    assert {line[3:] for line in changes if line.startswith("??")} == {*GUIDE_HERE.files, *made}
    assert {line[3:] for line in changes if line.startswith(" M")} == {each.file for each in GUIDE_HERE.added}


def test_the_lines_that_new_prints_are_the_guides() -> None:
    assert [line for line in next_lines(EXAMPLE) if line not in GUIDE_HERE.commands] == []


def test_its_test_passes_and_its_run_is_explained(said: dict[str, str]) -> None:
    """Two stars go to a person, and `why-not` says that they, or the threshold, were alone in the way."""
    (tested,) = (text for line, text in said.items() if "pytest tests/workflows/test_sort" in line)
    assert re.search(r"\d passed", tested)
    assert "failed" not in tested
    assert "handed_over" in said[RUN]
    explained = said["python starter.py explain ID"]
    assert "→   3. hand_over, as stars (2) <= look_into_stars (2)" in explained
    assert "because nobody has read it yet" in explained
    why_not = said["python starter.py why-not ID file"]
    assert "sort_feedback would be file if stars were above 2 (it is 2)" in why_not
    assert "sort_feedback would be file if look_into_stars were at most 1 (it is 2)" in why_not


def test_the_same_feedback_again_is_the_run_that_is_there(said: dict[str, str], clone: Clone) -> None:
    """Nothing is asked twice: the provider has one request in its journal."""
    assert "sort-feedback.json: joined sort-feedback/default/" in said["again"]
    assert len((clone.home.parent / PROVIDER_JOURNAL).read_text().splitlines()) == 1


def test_its_certificate_is_approached_by_the_worst_run(said: dict[str, str], clone: Clone) -> None:
    """And `make certify` writes it, where it was not before."""
    told = said["python starter.py certify sort-feedback --adversarial"]
    shares = [int(share) for share in re.findall(r" \((\d+) %\)", told)]
    assert len(shares) == len(Amount.model_fields)
    assert min(shares) >= 90
    assert max(shares) <= 100
    written = json.loads((clone.folder / "certificates" / "sort-feedback.json").read_text())
    assert (written["workflow"], written["profile"]) == ("sort-feedback", "careful")


def test_the_kept_run_is_replayed_and_a_change_is_named_with_its_line(
    said: dict[str, str], clone: Clone
) -> None:
    """The experiment that the guide proposes."""
    number = len(list((CHECKOUT / "tests" / "histories").glob("*.json"))) + 1
    assert f"{number} of {number} hold" in said["python starter.py replay tests/histories"]
    line = "        self.case.enter(Stage.HANDING_OVER)\n"
    assert line.strip() in (CHECKOUT / GUIDE).read_text().replace(line, "")
    workflow = clone.folder / "workflows" / "sort_feedback.py"
    before = workflow.read_text()
    try:
        edit(clone.folder, [Edit("workflows/sort_feedback.py", line, "")])
        told = clone.typed(f"python starter.py replay tests/histories/{KEPT}.json", code=4)
    finally:
        workflow.write_text(before)
    assert re.search(r"event \d+ \(UpsertWorkflowSearchAttributes\)", told)
    assert "workflows/sort_feedback.py:" in told


def test_another_threshold_flips_the_kept_run_as_the_guide_shows(said: dict[str, str]) -> None:
    """To the last character, but for the run's own id and the width of the columns."""
    shown = re.search(r"^```text\n(.*?)^```$", (CHECKOUT / GUIDE).read_text(), re.MULTILINE | re.DOTALL)
    assert shown is not None

    def words(text: str) -> list[list[str]]:
        return [line.split() for line in re.sub(r"default/[0-9a-f]{16}", "ID", text).splitlines()]

    assert words(said[BACKTEST]) == words(shown[1])


def test_the_tests_that_judge_every_workflow_pass_for_it(said: dict[str, str]) -> None:
    """Registered, its rows reached, its prompt within its overhead, its certificate up to date."""
    (judged,) = (text for line, text in said.items() if "test_registration" in line)
    assert re.search(r"\d passed", judged)
    assert "failed" not in judged


def test_what_all_tests_want_of_every_kept_run_holds_for_it(said: dict[str, str], clone: Clone) -> None:
    """Proven, told, redacted, and asked about, by the tests of the whole suite."""
    files = (
        "operations/test_verification",
        "operations/test_redaction",
        "operations/test_story",
        "operations/test_story_pages",
        "operations/test_certificates",
        "operations/test_bundles",
        "operations/test_backtest",
        "operations/test_why_not",
        "operations/test_table_pages",
    )
    chosen = "feedback or few-stars or shipped"
    names = " ".join(f"tests/{file}.py" for file in files)
    told = clone.typed(f"python -m pytest -q -p no:cacheprovider {names} -k '{chosen}'")
    assert "failed" not in told


def test_lint_and_types_are_clean(said: dict[str, str], clone: Clone) -> None:
    """As `make check` would find; types of the new files alone, with what it knows of the others."""
    known, cache = CHECKOUT / ".mypy_cache", clone.home / "mypy"
    if known.is_dir():
        shutil.copytree(known, cache)
    files = [path for path in GUIDE_HERE.files if path.endswith(".py")]
    clone.typed("python -m ruff check .")
    clone.typed("python -m ruff format --check .")
    clone.typed(f"python -m mypy --cache-dir {cache} {' '.join(files)}")
    clone.typed(str(Path(sys.executable).with_name("lint-imports")))
