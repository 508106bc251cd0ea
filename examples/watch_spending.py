"""What the runs of the last day cost, by tenant, and which of them come near their caps.

    python -m examples.watch_spending
    python -m examples.watch_spending --hours 1 --share 0.8

From the histories of all runs that started in that time. Proven is what a provider billed; unknown are
attempts whose cost nobody can say, at their worst case; held is under way. Exit status 1 when a run has used
more than that share of its cap in US dollars, tokens or model calls, so that a scheduler can raise an alert.
"""

import argparse
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from connection import connect
from operations.histories import fetch
from operations.starting import TENANT
from operations.story import Story, story, sum_of
from operations.wording import amount_text, dollars
from process import run


async def main(hours: float, most: float) -> int:
    client = await connect()
    since = datetime.now(UTC) - timedelta(hours=hours)
    query = f"{TENANT.name} IS NOT NULL AND StartTime >= '{since:%Y-%m-%dT%H:%M:%SZ}'"
    by_tenant: dict[str, list[Story]] = defaultdict(list)
    async for each in client.list_workflows(query):
        told = story(await fetch(client, each.id, each.run_id))
        by_tenant[each.typed_search_attributes[TENANT]].append(told)

    for tenant, stories in sorted(by_tenant.items()):
        total = sum_of(stories)
        print(f"{tenant}: {len(stories)} runs")
        print(f"  proven    {dollars(total.proven_usd)}, {total.proven_tokens:,} tokens")
        print(f"  unknown   {amount_text(total.unknown)}")
        print(f"  held      {amount_text(total.held)}")
    near = [told for stories in by_tenant.values() for told in stories if share_of(told) > most]
    for told in near:
        print(f"alert: {told.workflow_id} has used {share_of(told):.0%} of its cap")
    return 1 if near else 0


def share_of(told: Story) -> float:
    """The largest used part of what its terms allow in a measure; an unknown amount counts as used."""
    if told.terms is None:
        return 0.0
    cap, totals = told.terms.cap, told.totals
    kept = totals.unknown + totals.held
    usd, tokens = totals.proven_usd + kept.usd, totals.proven_tokens + kept.tokens
    used: list[tuple[Decimal | int, Decimal | int]]
    used = [(usd, cap.usd), (tokens, cap.tokens), (totals.model_attempts, cap.calls)]
    return max((float(amount / most) for amount, most in used if most), default=0.0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--share", type=float, default=0.5)
    options = parser.parse_args()
    run(main(options.hours, options.share))
