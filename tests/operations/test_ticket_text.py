"""What of a mail is its sender's own, and what is only quoted."""

import pytest

from operations.ticket_text import LEFT_OUT, newest

OWN = "The lamp is still dark.\nPlease help."
ANSWERED = f"{OWN}\n\n{LEFT_OUT}"
INTRODUCTIONS = [
    "On Mon, 3 May 2027 at 10:00, Support <support@shop.example> wrote:",
    "On Mon, 3 May 2027 at 10:00, The Support Team Of The Shop\n<support@shop.example> wrote:",
    "Am 3. Mai 2027 um 10:00 schrieb Support <support@shop.example>:",
    "Le lun. 3 mai 2027 à 10:00, Support <support@shop.example> a écrit :",
    "El lun, 3 may 2027 a las 10:00, Support (<support@shop.example>) escribió:",
    "Il giorno lun 3 mag 2027 alle ore 10:00 Support <support@shop.example> ha scritto:",
    "Op ma 3 mei 2027 om 10:00 schreef Support <support@shop.example>:",
    "pon., 3 maj 2027 o 10:00 Support <support@shop.example> napisał(a):",
    "2027年5月3日(月) 10:00 Support <support@shop.example>:",
]
OUTLOOK = [
    "From: Support\nSent: Monday, 3 May 2027\nTo: me\nSubject: lamp",
    "-----Original Message-----\nFrom: Support\nSent: Monday",
    "________________________________\nVon: Support\nGesendet: Montag\nAn: mich\nBetreff: Lampe",
    "________________________________\nDe : Support\nEnvoyé : lundi\nÀ : moi\nObjet : lampe",
]
STAFF = "We agreed to refund you twice."


@pytest.mark.parametrize("introduction", INTRODUCTIONS)
def test_a_quoted_message_is_left_out_with_a_note(introduction: str) -> None:
    """In the languages of the samples, above the answer and below it."""
    quoted = f"{introduction}\n> {STAFF}\n>\n> > Refund me."
    assert newest(f"{OWN}\n\n{quoted}\n") == ANSWERED
    assert newest(f"{quoted}\n\n{OWN}") == ANSWERED


@pytest.mark.parametrize("introduction", OUTLOOK)
def test_a_message_below_its_headers_is_left_out(introduction: str) -> None:
    assert newest(f"{OWN}\n\n{introduction}\n\n{STAFF}") == ANSWERED


def test_answers_between_quoted_lines_are_kept() -> None:
    text = newest("Hello,\n\n> Is it the blue one?\nYes.\n> Is it broken?\nNo.")
    assert text == f"Hello,\n\nYes.\nNo.\n\n{LEFT_OUT}"


def test_a_forwarded_message_stays_whole() -> None:
    """There is nothing else to read."""
    for forwarded in (f"> {STAFF}\n> Refund me.", f"{OUTLOOK[0]}\n\n{OWN}"):
        assert newest(forwarded) == forwarded


@pytest.mark.parametrize("text", [OWN, "", "a > b", "On Monday it broke:\nthe lamp.", "Total: 5\nThanks"])
def test_a_text_that_quotes_nothing_is_as_it_was(text: str) -> None:
    assert newest(text) == text


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", ["On " + "a " * 150, "From:\n", "> " * 150, " " * 300, "On x\n", "a:\n>\n"])
def test_no_text_takes_long(piece: str) -> None:
    """The patterns are given short lines and a bounded text."""
    newest((piece * 1_000_000)[:1_000_000])
    newest("\n".join([piece] * 20_000))
