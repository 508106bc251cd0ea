"""Mails in, tickets out."""

import io
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contracts.tickets import Ticket
from operations.html_text import html_to_text
from operations.inbox import LARGEST_MAIL, InboxError, read_tickets

PLAIN = b"From: Anna <Anna@Posteo.example>\nSubject: Uhr\nMessage-ID: <1@x.example>\n\nWo ist sie?\n"


def one(content: bytes) -> Ticket:
    """The ticket of one mail on standard input."""
    (ticket,) = read_tickets(["-"], io.BytesIO(content))
    return ticket


def refusal(content: bytes) -> str:
    with pytest.raises(InboxError) as caught:
        one(content)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_mail_becomes_a_ticket() -> None:
    assert one(PLAIN) == Ticket(
        sender="anna@posteo.example", subject="Uhr", text="Wo ist sie?", message_id="<1@x.example>"
    )


def test_files_and_folders_are_read_in_order(tmp_path: Path) -> None:
    for name in ("b.eml", "a.eml", "notes.txt"):
        (tmp_path / name).write_bytes(PLAIN.replace(b"Uhr", name.encode()))
    single = tmp_path / "notes.txt"

    tickets = read_tickets([str(single), str(tmp_path), "-"], io.BytesIO(PLAIN))

    assert [ticket.subject for ticket in tickets] == ["notes.txt", "a.eml", "b.eml", "Uhr"]


def test_every_input_that_cannot_be_read_has_its_line(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "image.eml").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    (tmp_path / "fine.eml").write_bytes(PLAIN)
    names = ["missing.eml", "empty", "image.eml", "fine.eml"]

    with pytest.raises(InboxError) as caught:
        read_tickets([str(tmp_path / name) for name in names], io.BytesIO())

    missing, empty, image = str(caught.value).split("\n")
    assert missing.endswith("missing.eml: no such file or folder")
    assert empty.endswith("empty: no .eml file in this folder")
    assert image.endswith("image.eml: not a mail")


def test_a_mail_without_an_id_gets_one_from_its_content() -> None:
    without = PLAIN.replace(b"Message-ID: <1@x.example>\n", b"")

    assert one(without).message_id.startswith("sha256-")
    assert one(without) == one(without)
    assert one(without).message_id != one(without + b"?").message_id
    assert one(PLAIN.replace(b"<1@", b"<" + b"1" * 300 + b"@")).message_id.startswith("sha256-")


def test_plain_text_is_preferred_and_attachments_are_no_text() -> None:
    mail = EmailMessage()
    mail["From"] = "a@b.example"
    mail["Subject"] = "Größe 🧵"
    mail.set_content("plain wörds", charset="iso-8859-1")
    mail.add_alternative("<p>marked up</p>", subtype="html")
    mail.add_attachment("attached", filename="notes.txt")

    ticket = one(mail.as_bytes())

    assert (ticket.subject, ticket.text) == ("Größe 🧵", "plain wörds")


def test_html_is_read_as_a_person_sees_it() -> None:
    html = (
        "<html><head><title>t</title><style>p{}</style></head><body>\n<!-- no -->\n"
        "<p>Where\n is <b>it</b>?<p>Thanks &amp; bye<br>Anna</p>"
        "<div style='display : none'>wish=refund <br> <p>twice</div>"
        '<span style="font-size:0px">tiny</span><p hidden>secret<p>seen'
        "<span style='opacity:0'>clear</span><span style='opacity:0.5; font-size:0.9em'>grey</span>"
    )

    assert html_to_text(html) == "Where is it?\nThanks & bye\nAnna\n\nseengrey"


def test_a_mail_with_nothing_but_hidden_text_has_no_text() -> None:
    mail = b"From: a@b.example\nContent-Type: text/html\n\n<div style='display:none'>refund me</div>"
    assert refusal(mail) == "standard input: no text in this mail"


@pytest.mark.timeout(20)
def test_html_that_never_closes_takes_no_longer() -> None:
    assert html_to_text("<b>" * 50_000 + "</i>" * 50_000 + "end") == "end"


def test_long_texts_are_cut_with_a_marker() -> None:
    ticket = one(PLAIN.replace(b"Uhr", b"U" * 400).replace(b"Wo", b"W" * 20_000))

    assert len(ticket.subject) == 300
    assert len(ticket.text) == 12_000
    assert ticket.text.endswith("[cut here: the mail is longer]")


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    huge = tmp_path / "huge.eml"
    with huge.open("wb") as file:
        file.truncate(20_000_000_000)

    with pytest.raises(InboxError, match=r"huge\.eml: larger than 10 MB"):
        read_tickets([str(huge)], io.BytesIO())
    assert "larger than 10 MB" in refusal(PLAIN + b"x" * LARGEST_MAIL)


@pytest.mark.parametrize(
    ("mail", "reason"),
    [
        (b"", "not a mail"),
        (b"just some words\nand more\n", "not a mail"),
        (b"Subject: no sender\n\ntext", "no sender's address"),
        (b"From: nobody\n\ntext", "no sender's address"),
        (b"From: a@b.example\n\n  \n", "no text"),
        (b"From: a@b.example\nContent-Type: image/png\n\nxxxx", "no text"),
        (b"From: " + b"a" * 300 + b"@b.example\n\ntext", "broken mail"),
        (b"From: a@b.example\nContent-Type: multipart/mixed\n\nno boundary", "broken mail|no text"),
    ],
)
def test_what_is_no_mail_with_a_text_is_refused_in_one_line(mail: bytes, reason: str) -> None:
    with pytest.raises(InboxError, match=f"^standard input: .*(?:{reason})"):
        one(mail)


def test_a_charset_that_nobody_knows_is_read_as_utf_8() -> None:
    mail = "From: a@b.example\nContent-Type: text/plain; charset=klingon\n\nGröße".encode()
    assert one(mail).text == "Größe"


HEADERS = st.sampled_from([b"From", b"Subject", b"Message-ID", b"Content-Type", b"Content-Transfer-Encoding"])


@settings(deadline=None)
@given(st.lists(st.tuples(HEADERS, st.binary(max_size=80)), max_size=6), st.binary(max_size=200))
@example([(b"From", b"a@b.example"), (b"Content-Type", b"text/plain; charset*=x'")], b"text")
@example([(b"From", b"a@b.example"), (b"Content-Transfer-Encoding", b"base64")], b"====")
def test_no_bytes_get_anything_but_a_ticket_or_a_line(
    headers: list[tuple[bytes, bytes]], body: bytes
) -> None:
    mail = b"".join(name + b": " + value + b"\n" for name, value in headers) + b"\n" + body
    problem = ""
    try:
        one(mail).model_dump_json()
    except InboxError as error:
        problem = str(error)
    assert len(problem.splitlines()) <= 1
