"""Replies by rule, so that whole workflows run without a model."""

import json
import re
from typing import Any

from tests.fault_server.plainest import plainest

__all__ = ["completion", "draft_content", "good_content", "reading_content", "section_content"]

ORDER_NUMBER = re.compile(r"\b[A-Za-z]{2}-\d{5}\b")

# First hit wins. English, German, French, Spanish.
WISHES = (
    ("refund", r"refund|money back|reimburse|geld zur|erstatt|rembours|reembols|devuelv|devoluci"),
    ("information", r"\?|question|tell me|wissen|question|pregunta"),
)
PROBLEMS = (
    ("wrong_item", r"wrong|instead of|not what i ordered|falsch|statt|mauvais article|équivocad|equivocad"),
    (
        "damaged",
        r"broken|damage|crack|faulty|scratch|torn|leak|shatter|kaputt|besch.digt|cass|abîm|rot[oa]|dañad",
    ),
    ("late", r"late|delay|never (came|arrived)|not arrived|still waiting|versp.tet|retard|tarde|retras"),
    ("changed_mind", r"changed my mind|no longer want|don't want|do not want|do not need|nicht mehr"),
)


def good_content(request: dict[str, Any]) -> str:
    """What a careful model would write for the shipped model tasks, and something of its type for others."""
    schema = request["response_format"]["json_schema"]
    match schema["name"]:
        case "read_ticket":
            return reading_content(asked(request, "<mail>"))
        case "read_section" | "read_again":
            wanted = schema["schema"]["properties"]["values"]["properties"]
            return section_content(asked(request, "<document>"), list(wanted))
        case "draft_reply":
            return draft_content(asked(request, "Decision: "))
        case _:
            return json.dumps(plainest(schema["schema"]))


def asked(request: dict[str, Any], mark: str) -> str:
    """The last turn that asks; a repair turn after it only complains."""
    turns = [turn["content"] for turn in request["messages"] if turn["role"] == "user"]
    return str(next(turn for turn in reversed(turns) if mark in turn))


def reading_content(mail: str) -> str:
    """A TicketReading as JSON."""
    text = mail.removeprefix("<mail>").removesuffix("</mail>").strip()
    number = ORDER_NUMBER.search(text)
    reading = {
        "wish": first(WISHES, text, "other"),
        "problem": first(PROBLEMS, text, "none"),
        "order_number": number.group().upper() if number else None,
        "summary": " ".join(text.split())[:200],
    }
    return json.dumps(reading)


def first(rules: tuple[tuple[str, str], ...], text: str, otherwise: str) -> str:
    return next((label for label, words in rules if re.search(words, text, re.IGNORECASE)), otherwise)


PHRASES = {
    "refunded": "We have refunded {amount} for your order. It will be on your account in a few days.",
    "too_late": "Your parcel was delivered more than 30 days ago, so we cannot give a refund.",
    "already_refunded": "This order has been refunded before, so there is nothing more to pay.",
    "ask_order_number": "We could not find your order. Please reply with its number.",
    "denied": "A colleague looked at your case, and we cannot give a refund.",
}


def draft_content(asking: str) -> str:
    """A ReplyDraft as JSON."""
    decided = asking.rpartition("</order>")[2].splitlines()
    fields = dict(line.split(": ", 1) for line in decided if line.startswith(("Decision: ", "Amount: ")))
    phrase = PHRASES[fields["Decision"]].format(amount=fields["Amount"])
    return json.dumps({"text": f"Hello,\n\n{phrase}\n\nYour support team"})


def completion(request: dict[str, Any], content: str | None, **changed: Any) -> dict[str, Any]:
    """A whole completion around a content; `changed` replaces top-level keys.

    Four bytes count as a token, as in ordinary English text.
    """
    sent = sum(len(turn["content"].encode()) for turn in request["messages"]) // 4 + 8
    written = len((content or "").encode()) // 4 + 1
    return {
        "id": "chatcmpl-scripted",
        "object": "chat.completion",
        "created": 1_760_000_000,
        "model": request["model"],
        "choices": [
            {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}}
        ],
        "usage": {"prompt_tokens": sent, "completion_tokens": written, "total_tokens": sent + written},
    } | changed


# Of an invoice in English, one pattern a field; each captures the value as it stands.
MONEY = r"-?[\d.,']*\d"
FIELDS = {
    "kind": r"^(invoice|credit note)\b",
    "number": r"^number:? (\S+)",
    "vendor": r"^from:? (.+)$",
    "customer": r"^(?:bill )?to:? (.+)$",
    "issued_on": r"^date:? (.+)$",
    "due_on": r"^due:? (.+)$",
    "currency": r"\b(EUR|USD|GBP|CHF)\b",
    "net": rf"^(?:subtotal|net):? ({MONEY})",
    "tax": rf"^tax:? ({MONEY})",
    "total": rf"^total:? ({MONEY})",
}
ROW = re.compile(rf"^(\D.*?) (\d+) ({MONEY}) ({MONEY})$", re.MULTILINE)
COLUMNS = ("description", "quantity", "unit_price", "amount")


def section_content(question: str, wanted: list[str]) -> str:
    """A SectionReading of a plain invoice as JSON; a field is read only where it is asked for."""
    document = question.partition("<document>\n")[2].removesuffix("\n</document>")
    values = {}
    for field in wanted:
        found = re.search(FIELDS[field], document, re.IGNORECASE | re.MULTILINE) if field in FIELDS else None
        values[field] = found.group(1) if found else None
    asked_for_rows = f"- {COLUMNS[0]} " in question
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in ROW.findall(document)] if asked_for_rows else []
    return json.dumps({"values": values, "rows": rows})
