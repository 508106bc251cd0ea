"""A customer's own words: without what they only quote, and no longer than a ticket may be."""

import json
import re
from functools import cache

from mailparser_reply.constants import MAIL_LANGUAGES
from mailparser_reply.parser import EmailMessage as QuotingMail

from contracts.tickets import read_ticket

__all__ = ["CUT", "LEFT_OUT", "fitted", "newest", "shortened"]

LONGEST_TEXT = 12_000
# A subject of 300 wide characters goes with it into the same request.
LARGEST_TEXT = read_ticket.max_request_bytes - 1_500
CUT = "\n[cut here: the mail is longer]"
LEFT_OUT = "[quoted earlier messages are left out]"

# What is quoted comes last, so the beginning says where the newest message ends; matching all of a very
# long text takes minutes.
SEARCHED = 4 * LONGEST_TEXT
# A line that introduces a quotation is shorter; longer ones only cost the pattern time.
LONGEST_INTRODUCTION = 300


def newest(text: str) -> str:
    """What its sender wrote this time, with a note where earlier messages were quoted.

    A text that is nothing but a quotation was forwarded, and stays whole.
    """
    own = before_introduction(without_quoted_lines(text)).strip()
    if not own or own == text.strip():
        return text
    return f"{own}\n\n{LEFT_OUT}"


def without_quoted_lines(text: str) -> str:
    """Without lines that begin with `>`, and without the line that introduces them."""
    kept: list[str] = []
    quoting = False
    for line in text.split("\n"):
        quoted = line.lstrip().startswith(">")
        if quoted and not quoting:
            drop_introduction(kept)
        if not quoted:
            kept.append(line)
        quoting = quoted
    return "\n".join(kept)


def drop_introduction(lines: list[str]) -> None:
    """Take `On Monday, Anna wrote:` off the end; mail programs wrap it after 76 characters."""
    last = len(lines) - 1
    while last >= 0 and not lines[last].strip():
        last -= 1
    if last < 0 or not lines[last].rstrip().endswith((":", "\N{FULLWIDTH COLON}")):
        return
    wrapped = "\n".join(line[:LONGEST_INTRODUCTION] for line in lines[max(0, last - 1) : last + 1])
    del lines[last - 1 if last and introductions().match(wrapped) else last :]


def before_introduction(text: str) -> str:
    """What stands above the header lines with which a mail program introduces a quoted mail."""
    lines = text.split("\n")
    searched = "\n".join(line[:LONGEST_INTRODUCTION] for line in lines)[:SEARCHED]
    found = introductions().search(searched)
    if found is None or not searched[: found.start()].strip():
        return text
    # A match may begin with the line end before it.
    begin = found.end() - len(found.group().lstrip())
    above = lines[: searched.count("\n", 0, begin)]
    while above and not above[-1].strip(" _-"):
        above.pop()
    return "\n".join(above)


@cache
def introductions() -> re.Pattern[str]:
    """The patterns of mail-parser-reply, in every language that it knows."""
    pattern: re.Pattern[str] = QuotingMail(text="", languages=list(MAIL_LANGUAGES)).HEADER_REGEX
    return pattern


def fitted(text: str, notes: str = "") -> str:
    """The text and the notes below it, the text cut with a marker where both are too long together."""
    room = LONGEST_TEXT - len(notes)
    kept = shortened(text, room, CUT)
    while size(kept + notes) > LARGEST_TEXT:
        room = room * 9 // 10
        kept = shortened(text, room, CUT)
    return kept + notes


def size(text: str) -> int:
    """In bytes, as it is sent."""
    return len(json.dumps(text, ensure_ascii=False).encode())


def shortened(text: str, limit: int, marker: str) -> str:
    """The text, cut to the limit with a marker when it is longer."""
    return text if len(text) <= limit else text[: limit - len(marker)] + marker
