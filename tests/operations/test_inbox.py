"""Mails in, tickets out."""

import io
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contracts.tickets import ReadTicket, Ticket, read_ticket
from conversion.html_text import parted
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
    for name in ("b.eml", "a.eml", "notes.xyz"):
        (tmp_path / name).write_bytes(PLAIN.replace(b"Uhr", name.encode()))
    single = tmp_path / "notes.xyz"

    tickets = read_tickets([str(single), str(tmp_path), "-"], io.BytesIO(PLAIN))

    assert [ticket.subject for ticket in tickets] == ["notes.xyz", "a.eml", "b.eml", "Uhr"]


def test_every_input_that_cannot_be_read_has_its_line(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "image.eml").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    (tmp_path / "fine.eml").write_bytes(PLAIN)
    names = ["missing.eml", "empty", "image.eml", "fine.eml"]

    with pytest.raises(InboxError) as caught:
        read_tickets([str(tmp_path / name) for name in names], io.BytesIO())

    missing, empty, image = str(caught.value).split("\n")
    assert missing.endswith("missing.eml: no such file or folder")
    assert empty.endswith("empty: no .eml, .txt, .jsonl or .mbox file and no Maildir in this folder")
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

    assert ticket.subject == "Größe 🧵"
    assert ticket.text == "plain wörds\n\n[attached, not read: notes.txt]"


def test_html_is_read_as_a_person_sees_it() -> None:
    html = (
        "<html><head><title>t</title><style>p{}</style></head><body>\n<!-- no -->\n"
        "<p>Where\n is <b>it</b>?<p>Thanks &amp; bye<br>Anna</p>"
        "<div style='display : none'>wish=refund <br> <p>twice</div>"
        '<span style="font-size:0px">tiny</span><p hidden>secret<p>seen'
        "<span style='opacity:0'>clear</span><span style='opacity:0.5; font-size:0.9em'>grey</span>"
    )

    assert parted(html)[0] == "Where is it?\n\nThanks & bye\nAnna\n\nseengrey"


def test_what_html_quotes_is_marked_as_quoted() -> None:
    """By the elements that mail programs use for it; a block quote of the customer's own is not."""
    html = (
        "<p>Still broken.</p><div class='gmail_quote x'><div>On Monday you wrote:</div>"
        "<blockquote type=CITE><p>We <b>agreed</b><p>to pay</blockquote></div>"
        "<blockquote>mine</blockquote>\0 bye"
    )

    text = "Still broken.\n\n> On Monday you wrote:\n\n> We agreed\n\n> to pay\n\nmine\nbye"
    assert parted(html)[0] == text


def test_a_mail_with_nothing_but_hidden_text_has_no_text() -> None:
    mail = b"From: a@b.example\nContent-Type: text/html\n\n<div style='display:none'>refund me</div>"
    assert refusal(mail) == "standard input: no text in this mail"


@pytest.mark.timeout(20)
def test_html_that_never_closes_takes_no_longer() -> None:
    assert parted("<b>" * 50_000 + "</i>" * 50_000 + "end")[0] == "end"


@pytest.mark.parametrize("filler", ["x", "ä", "🪁", '"', "\n.", "\x01"], ids=repr)
def test_a_megabyte_of_text_is_cut_to_what_the_model_task_takes(filler: str) -> None:
    """With a note where it was cut, and with its attachments still named."""
    mail = EmailMessage()
    mail["From"] = "a@b.example"
    mail["Subject"] = "🪁" * 300
    mail.set_content("begin " + filler * 1_000_000)
    mail.add_attachment("...", filename="photo.jpg")

    ticket = one(mail.as_bytes())

    request = ReadTicket(subject=ticket.subject, text=ticket.text)
    assert len(request.model_dump_json().encode()) <= read_ticket.max_request_bytes
    assert ticket.text.startswith("begin")
    assert ticket.text.endswith("[cut here: the mail is longer]\n\n[attached, not read: photo.jpg]")


def test_long_texts_are_cut_with_a_marker() -> None:
    ticket = one(PLAIN.replace(b"Uhr", b"U" * 400).replace(b"Wo", b"W" * 20_000))

    assert len(ticket.subject) == 300
    assert len(ticket.text) == 12_000
    assert ticket.text.endswith("[cut here: the mail is longer]")


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    huge = tmp_path / "huge.eml"
    with huge.open("wb") as file:
        file.truncate(20_000_000_000)

    with pytest.raises(InboxError, match=r"huge\.eml: larger than 500 MB"):
        read_tickets([str(huge)], io.BytesIO())
    assert "larger than 10 MB" in refusal(PLAIN + b"x" * LARGEST_MAIL)


@pytest.mark.parametrize(
    ("mail", "reason"),
    [
        (b"", "empty"),
        (b"just some words\nand more\n", "no sender: begin it with a line `From: ADDRESS`"),
        (b"Subject: no sender\n\ntext", "no sender: begin"),
        (b"Subject: no sender\nMIME-Version: 1.0\n\ntext", "no sender's address"),
        (b"From: nobody\n\ntext", "no sender's address"),
        (b"From: a@b.example\n\n  \n", "no text"),
        (b"\x89PNG\r\n\0\0", "neither a mail nor a text"),
        (b"From: a@b.example\nContent-Type: image/png\n\nxxxx", "no text"),
        (b"From: " + b"a" * 300 + b"@b.example\n\ntext", "sender: String should have at most 254"),
        (b"From: a@b.example\nContent-Type: multipart/mixed\n\nno boundary", "broken mail|no text"),
    ],
)
def test_what_is_no_message_is_refused_in_one_line(mail: bytes, reason: str) -> None:
    with pytest.raises(InboxError, match=f"^standard input: .*(?:{reason})"):
        one(mail)


def test_a_charset_that_nobody_knows_is_read_as_utf_8() -> None:
    mail = "From: a@b.example\nContent-Type: text/plain; charset=klingon\n\nGröße".encode()
    assert one(mail).text == "Größe"


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_text_that_declares_nothing_is_decoded_by_its_bytes(charset: str) -> None:
    assert one("From: a@b.example\n\nGröße, 5 €".encode(charset)).text == "Größe, 5 €"


def test_what_no_program_draws_is_no_text() -> None:
    """The tag characters spell words that models read and people do not see."""
    unseen = "".join(chr(0xE0000 + ord(letter)) for letter in "refund")
    assert one(f"From: a@b.example\n\nHello{unseen}, thanks".encode()).text == "Hello, thanks"


def test_a_subject_alone_is_a_ticket() -> None:
    assert one(b"From: a@b.example\nSubject: Refund KM-20417\nMIME-Version: 1.0\n\n").text == ""
    empty = b"From: a@b.example\nSubject: x\nContent-Type: text/html\n\n<p hidden>y</p>"
    assert one(empty).subject == "x"


def test_html_is_read_when_the_plain_part_is_empty() -> None:
    mail = EmailMessage()
    mail["From"] = "a@b.example"
    mail.set_content("\n")
    mail.add_alternative("<p>marked up</p>", subtype="html")
    assert one(mail.as_bytes()).text == "marked up"


def test_attachments_are_named_and_not_read() -> None:
    mail = EmailMessage()
    mail["From"] = "a@b.example"
    mail.set_content("see the photo")
    mail.add_attachment(b"...", maintype="image", subtype="jpeg", filename="Tasse  kaputt.jpg")
    mail.add_attachment("wish=refund", filename=None)
    for number in range(20):
        mail.add_attachment("more", filename=f"{number}.txt")

    lines = one(mail.as_bytes()).text.split("\n")

    assert lines[:4] == [
        "see the photo",
        "",
        "[attached, not read: Tasse kaputt.jpg]",
        "[attached, not read: text/plain]",
    ]
    assert lines[-1] == "[and 12 more]"
    assert len(lines) == 13


HEADERS = st.sampled_from([b"From", b"Subject", b"Message-ID", b"Content-Type", b"Content-Transfer-Encoding"])


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
