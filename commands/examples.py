"""What the help of each command shows: examples that can be pasted."""

from collections.abc import Mapping, Sequence

from commands.first_runs import TICKET
from commands.grammar import Example

__all__ = ["ENVIRONMENT", "EXAMPLES", "FIRST_STEPS", "INPUTS", "OVERVIEW", "OWN_INPUTS"]

RUN = "resolve-ticket/acme/3f2a9c1e"

FIRST_STEPS: Sequence[Example] = (
    ("see all of it, with a local model", "demo"),
    ("a whole stack, until Ctrl-C", "dev"),
    ("start a run, in another terminal", f"run resolve-ticket {TICKET}"),
)

OVERVIEW: Sequence[Example] = (
    *FIRST_STEPS,
    ("what is it doing, and what can it still cost?", f"watch {RUN}"),
    ("why did it take this path? proven again from the history", f"explain {RUN} --verify"),
    ("why was it not refunded?", f"why-not {RUN} refund"),
    ("before a deploy: what would break?", "replay tests/histories"),
    ("and which runs would go another way?", "backtest tests/histories"),
    ("something does not work", "doctor"),
)

ENVIRONMENT: Sequence[tuple[str, str]] = (
    (
        "TEMPORAL_ADDRESS",
        "your own Temporal instead of the embedded one; also TEMPORAL_NAMESPACE, _API_KEY ...",
    ),
    ("TENUTO_HOME", "where everything local is kept (default: .tenuto)"),
    ("TENUTO_DATABASE_URL", "a PostgreSQL for the tenants' ledger (default: a file under TENUTO_HOME)"),
    ("TENUTO_PAYLOADS", "a folder or s3://BUCKET/PREFIX for large values (default: under TENUTO_HOME)"),
    ("TENUTO_MODELS", "the model profiles (default: models.toml)"),
    ("TENUTO_DEPLOYMENT", "a name pins runs to the build that began them (default: off)"),
    ("TENUTO_TENANT", "whose runs these are (default: default)"),
    ("OPENAI_BASE_URL", "any OpenAI-compatible server, for the profile openai-compatible"),
    ("NO_COLOR, COLUMNS", "no colours; another width"),
)

INPUTS: Sequence[tuple[str, str]] = (
    (".eml", "a mail: its newest text, HTML as a reader sees it; attachments are only named"),
    (".txt", "a text; lines such as `From: ADDRESS` and `Subject: WORDS` may begin it, else give --from"),
    (".jsonl", "one ticket a line: sender or from, subject, text or body, message_id or id"),
    (".mbox", "mails, one after the other; also any file that begins like one"),
    ("Maildir", "a folder with cur, new and tmp"),
    ("a folder", "all of these in it and below it, sorted; hidden files are passed over"),
    ("-", "standard input, in any of these forms"),
    (
        "long texts",
        "above 12,000 characters or 14,500 bytes are cut, and quoted earlier messages left out, each with a "
        "note in the text",
    ),
    ("twice", "the same message is one run"),
)

OWN_INPUTS: Sequence[tuple[str, str]] = (
    (".json", "an object with the fields of the workflow's own argument; one file is one run"),
    ("-", "one such object from standard input"),
)

EXAMPLES: Mapping[str, Sequence[Example]] = {
    "demo": (
        ("six tickets with the local model, nothing is charged", "demo"),
        ("two tickets, and leave the UI running", "demo --tickets 2 --keep"),
        ("with a provider; says what it can cost at most and asks", "demo --profile openai-small"),
    ),
    "evaluate": (
        ("how well does the local model read the tickets?", "evaluate"),
        ("while you work on a prompt: those that may be looked at", "evaluate --only shown"),
        ("one group, with a provider", "evaluate --only attempt --profile openai-small"),
        ("how well does it read the sample invoices?", "evaluate extract-records"),
        ("those of one layout", "evaluate extract-records --only receipt"),
    ),
    "dev": (("until Ctrl-C; another terminal starts the runs", "dev"),),
    "down": (("after demo --keep, or to end a dev from elsewhere", "down"),),
    "run": (
        ("one ticket", f"run resolve-ticket {TICKET}"),
        ("a folder of them, within narrower terms", "run resolve-ticket inbox/ --usd 0.02 --deadline 2h"),
        ("documents to records", "run extract-records samples/invoices/01-letter-en-US.pdf"),
        ("a workflow of your own (see `new`): its argument as JSON", "run summarize-notes notes.json"),
        ("records of your own kind, by a JSON Schema", "run extract-records receipts/ --record receipt.json"),
        ("from a script", "run resolve-ticket mail.eml --no-wait --json"),
        ("from another program", "run resolve-ticket - <mail.eml"),
        ("what a mail program or a web form exported", "run resolve-ticket support.mbox form.jsonl Maildir/"),
        ("a text that names no sender", "run resolve-ticket note.txt --from anna@posteo.example"),
    ),
    "watch": (
        ("until it ends", f"watch {RUN}"),
        ("for a program: an object for each change", f"watch {RUN} --json"),
    ),
    "status": (
        ("where it is, also when no worker is alive", f"status {RUN}"),
        ("of an exported history, with no server", "status run.json"),
    ),
    "explain": (
        ("every decision with the facts it was made on", f"explain {RUN}"),
        ("and proven again with the current code", f"explain {RUN} --verify"),
        ("of an exported history, with no server", "explain run.json --json"),
        ("a page with a timeline, to look at or to send", f"explain {RUN} --html run.html"),
    ),
    "export": (
        ("a run to keep or to send", f"export {RUN} --output run.json"),
        ("with nothing in it that a customer wrote", f"export {RUN} --redact --output run.json"),
    ),
    "record": (
        ("have every change replay it from now on", f"record {RUN} refunded-twice --because second-mail"),
        ("from a file", "record run.json refunded-twice"),
    ),
    "list": (
        ("the latest", "list"),
        ("what waits for a person", "list --waiting"),
        ("what failed today", "list --state failed --since 1d"),
        ("for a program", "list --tenant acme --limit 100 --json"),
    ),
    "replay": (
        ("the recorded ones, before a deploy", "replay tests/histories"),
        ("one of a server, by the end of its id", "replay 9c1e"),
        ("those of a server", "replay --query \"WorkflowType='resolve-ticket'\""),
        ("what do they not reach?", "replay tests/histories --coverage"),
        ("in CI: exit status 4 when one differs", "replay tests/histories --json"),
    ),
    "backtest": (
        ("the recorded ones: what would the current code have done?", "backtest tests/histories"),
        ("pay more at once", "backtest tests/histories --threshold approval_above_usd=100"),
        ("a changed prompt: suppose that the model answers the same", "backtest runs/ --assume-same-replies"),
        (
            "what would another model have cost, at the same tokens?",
            "backtest runs/ --profile openai-small --assume-same-replies",
        ),
        (
            "another prompt, with real replies where it asks anew",
            "backtest tests/histories --calls 20 --usd 0.05",
        ),
        ("a page for the pull request", "backtest tests/histories --html backtest.html"),
        ("the runs of a server", "backtest --query \"WorkflowType='resolve-ticket'\""),
    ),
    "map": (
        ("which ways do the recorded ones take?", "map tests/histories"),
        ("a page to look at or to send", "map tests/histories --html map.html"),
        (
            "the picture alone, of the runs of a server",
            "map --query \"WorkflowType='resolve-ticket'\" --svg map.svg",
        ),
    ),
    "flips": (
        ("who would be asked no longer?", "flips --threshold approval_above_usd=100"),
        ("of one tenant's", "flips --query \"TenutoTenant='acme'\" --threshold refund_days=14"),
    ),
    "approve": (
        ("see first what is asked", f"status {RUN}"),
        ("with the key alice.key among the approvers'", f"approve {RUN} --by alice"),
        ("with a key kept elsewhere", f"approve {RUN} --key ~/keys/alice.key"),
    ),
    "deny": (("with the key alice.key among the approvers'", f"deny {RUN} --by alice"),),
    "parked": (("what failed and waits, the same causes together", "parked"),),
    "repair": (
        ("the provider answers again", f"repair {RUN} --retry"),
        ("with another model", f"repair {RUN} --retry --profile openai-small"),
        ("with a reply of your own", f"repair {RUN} --supply reply.json"),
        ("give up: what was done is taken back", f"repair {RUN} --abort --because answered-by-phone"),
    ),
    "policy": (
        ("every table", "policy"),
        ("what follows a failed attempt", "policy next_attempt"),
        ("for whoever has to agree to the rules", "policy remedy --html remedy.html"),
        ("for a document", "policy --markdown >tables.md"),
    ),
    "why-not": (
        ("what was in the way of a refund?", f"why-not {RUN} refund"),
        ("of an exported history, with no server", "why-not run.json remedy say_too_late"),
        ("why was the second attempt not the last?", f"why-not {RUN} next_attempt give_up --event 31"),
    ),
    "cancel": (("it compensates and hands over first", f"cancel {RUN}"),),
    "new-key": (("alice may approve from now on", "new-key alice"),),
    "circuits": (
        ("which providers said that they have no money, no key or no room?", "circuits"),
        ("the bill is paid: ask it again now", "circuits --close openai-small"),
        ("for a program", "circuits --json"),
    ),
    "builds": (
        ("may the workers of the old build be ended?", "builds"),
        ("for a program", "builds --json"),
    ),
    "promote": (
        ("this checkout's, whose worker has just been started", "promote"),
        ("back to the one before, whose workers still run", "promote 3f2a9c1e"),
        ("without builds again", "promote --none"),
    ),
    "cap": (
        ("five dollars a day", "cap acme 5.00 --per day"),
        ("what has it left?", "cap acme"),
        ("no limit a day any more", "cap acme none --per day"),
    ),
    "cost": (
        ("what has each tenant spent?", "cost"),
        ("which tasks are dear, and what do their failed attempts cost?", "cost --by task --since 7d"),
        ("one tenant's November, for a spreadsheet", "cost --by day --tenant acme --since 2026-11-01 --csv"),
        ("the dearest steps, their attempts together", "cost --operations --limit 10"),
        ("a chart for a report", "cost --by model --svg costs.svg"),
    ),
    "reconcile": (
        ("what would it change?", "reconcile usage.csv --dry-run"),
        ("book it", "reconcile usage.csv"),
        ("OpenAI's usage, of the routes that go there", "reconcile usage.json --route openai-small"),
    ),
    "certify": (
        ("what can a ticket cost at most, whatever fails?", "certify resolve-ticket"),
        ("when nobody repairs anything", "certify resolve-ticket --park 0"),
        ("with another model, under a narrower cap", "certify resolve-ticket --profile local --usd 0.02"),
        ("and is that bound near to what can really happen?", "certify resolve-ticket --adversarial"),
        ("for a program", "certify resolve-ticket --json"),
    ),
    "new": (
        ("under your own name; docs/first-workflow.md explains each file", "new summarize-notes"),
        ("exactly what that page shows", "new sort-feedback"),
    ),
    "tenants": (("who has spent what", "tenants"), ("for a program", "tenants --json")),
    "doctor": (
        ("what is installed, configured and reachable", "doctor"),
        ("hash the weights again too", "doctor --deep"),
    ),
    "completion": (
        ("a file to source from ~/.bashrc, or ~/.zshrc", "completion bash >~/.tenuto.bash"),
        ("for fish, in this session", "completion fish | source"),
    ),
}
