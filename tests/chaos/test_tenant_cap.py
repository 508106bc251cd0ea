"""However many runs begin at once, on however many workers, a tenant never spends more than its cap."""

from decimal import Decimal
from pathlib import Path

import pytest

from tests.chaos.tenant_cap import burst, report, taken_up, wrongs


@pytest.mark.timeout(400)
async def test_a_burst_of_runs_spends_the_cap_and_not_a_cent_more(
    untouched_temporal: str, tmp_path: Path, database_url: str
) -> None:
    """200 runs, money for 10, four workers: exactly ten, and never more when two workers are killed."""
    async with taken_up(untouched_temporal, tmp_path, database_url) as field:
        quiet = await burst(field, seed=1, runs=200, cap=Decimal("1.00"))
        assert wrongs(quiet) == [], report(quiet)
        assert quiet.admitted == 10
        killed = await burst(field, seed=2, runs=200, cap=Decimal("1.00"), kills=2)
        assert wrongs(killed) == [], report(killed)
