"""The forms in which tickets come: texts, JSON lines, mboxes, Maildirs, folders, standard input."""

import io
import json
import os
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from commands.inputs import left_out
from operations.inbox import InboxError, Received, read_inbox
from workflows.resolve_ticket import ResolveTicket

MAIL = b"From: Anna <anna@posteo.example>\nSubject: %b\nMessage-ID: <%b@x.example>\n\nWhere is it?\n"
LINE = {"from": "Bo <Bo@mail.example>", "subject": "Kite", "body": "It tore.", "id": "t-1"}


def mail(name: str) -> bytes:
    return MAIL % (name.encode(), name.encode())


def mbox(*names: str) -> bytes:
    return b"\n".join(b"From anna@posteo.example Mon May  3 10:00:00 2027\n" + mail(name) for name in names)


def read(*inputs: Path | str, stdin: bytes = b"", sender: str | None = None) -> list[Received]:
    return read_inbox([str(each) for each in inputs], io.BytesIO(stdin), sender)


def problems(*inputs: Path | str, stdin: bytes = b"") -> list[str]:
    with pytest.raises(InboxError) as caught:
        read(*inputs, stdin=stdin)
    return str(caught.value).split("\n")


def test_a_text_may_begin_with_header_lines() -> None:
    text = b"\nfrom: Bo <Bo@mail.example>\r\nSubject: Kite\r\n\r\nIt tore.\r\nNote: badly.\r\n"
    (received,) = read("-", stdin=text)
    ticket = received.ticket
    assert (ticket.sender, ticket.subject, ticket.text) == (
        "bo@mail.example",
        "Kite",
        "It tore.\nNote: badly.",
    )


def test_a_text_without_a_sender_takes_the_one_that_is_given() -> None:
    (received,) = read("-", stdin=b"Subject: Kite\nIt tore.", sender="bo@mail.example")
    assert (received.ticket.sender, received.ticket.text) == ("bo@mail.example", "It tore.")
    (named,) = read("-", stdin=b"From: anna@posteo.example\n\nIt tore.", sender="bo@mail.example")
    assert named.ticket.sender == "anna@posteo.example"


def test_a_json_ticket_has_the_fields_of_a_ticket_or_of_a_mail(tmp_path: Path) -> None:
    """Whatever else an export holds is not read."""
    file = tmp_path / "export.jsonl"
    own = {"sender": "bo@mail.example", "subject": "Kite", "text": "It tore.", "message_id": "t-1"}
    lines = [LINE | {"From": LINE["from"], "id": 17, "priority": 3}, own | {"text": "It broke."}]
    file.write_text("\n".join(json.dumps(line) for line in lines) + "\n\n", encoding="utf-8-sig")

    first, second = read(file)

    assert first.label == "export.jsonl#1"
    assert (first.ticket.sender, first.ticket.message_id) == ("bo@mail.example", "id-17")
    assert (second.label, second.ticket.text, second.ticket.message_id) == (
        "export.jsonl#2",
        "It broke.",
        "t-1",
    )


def test_each_bad_line_is_named_by_its_number(tmp_path: Path) -> None:
    file = tmp_path / "bad.jsonl"
    bad = [
        "{",
        "[1]",
        '{"text": "no sender"}',
        json.dumps(LINE),
        '{"from": "a@b.example", "body": 7}',
        "[" * 99_999,
    ]
    file.write_text("\n\n".join(bad))

    assert [line.removeprefix(str(file)) for line in problems(file)] == [
        "#1: not JSON",
        "#3: not a JSON object",
        "#5: no field `sender` or `from`, and no --from ADDRESS",
        "#9: field `text` is not a text",
        "#11: not JSON",
    ]


def test_a_file_of_something_else_is_not_listed_line_by_line(tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    file.write_text("started\n" * 1_000)
    lines = problems(file)
    assert len(lines) == 21
    assert lines[-1].endswith("log.jsonl: and 980 more")


def test_an_mbox_is_its_mails_by_number(tmp_path: Path) -> None:
    """A sentence that begins with "From" begins no mail, and what was escaped is as it was."""
    body = b"From here on it rattles.\n\n>From the box I heard it.\n\nFrom ten on\n"
    (tmp_path / "in.mbox").write_bytes(mbox("a") + body + b"\n" + mbox("b"))

    first, second = read(tmp_path / "in.mbox")

    assert [first.label, second.label] == ["in.mbox#1", "in.mbox#2"]
    assert first.ticket.text == f"Where is it?\n{body.decode().replace('>From', 'From')}".strip()
    assert second.ticket.subject == "b"


def test_an_mbox_is_known_by_its_content(tmp_path: Path) -> None:
    for name in ("Inbox", "archive.txt"):
        (tmp_path / name).write_bytes(mbox(name, name + "2").replace(b"\n", b"\r\n"))
    assert [each.label for each in read(tmp_path)] == ["Inbox#1", "Inbox#2", "archive.txt#1", "archive.txt#2"]


def test_every_bad_mail_of_an_mbox_is_named(tmp_path: Path) -> None:
    file = tmp_path / "in.mbox"
    file.write_bytes(mbox("a", "b", "c").replace(b"<anna@posteo.example>\nSubject: b", b"\nSubject: b"))
    assert problems(file) == [f"{file}#2: not a mail: no sender's address"]
    file.write_bytes(b"no mail at all")
    assert problems(file) == [f"{file}: no mail in this mbox: no line `From ADDRESS TIME` begins one"]


def test_a_maildir_is_its_delivered_mails(tmp_path: Path) -> None:
    """Those that are being written, hidden folders and the program's own files are not among them."""
    for place in ("cur", "new", "tmp", ".Sent/cur"):
        (tmp_path / "box" / place).mkdir(parents=True)
    for place, name in [
        ("new", "2.x"),
        ("cur", "1.x:2,S"),
        ("tmp", "3.x"),
        (".Sent/cur", "4.x"),
        ("new", ".5.x"),
    ]:
        (tmp_path / "box" / place / name).write_bytes(mail(name))
    (tmp_path / "box" / "dovecot-uidlist").write_text("3 V1\n")

    assert [each.label for each in read(tmp_path / "box")] == ["cur/1.x:2,S", "new/2.x"]
    assert [each.label for each in read(tmp_path)] == ["box/cur/1.x:2,S", "box/new/2.x"]


def test_a_folder_is_read_to_its_bottom_in_order_without_hidden_files(tmp_path: Path) -> None:
    (tmp_path / "b" / "deep").mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    for name in ("z.eml", "b/a.EML", "b/deep/c.eml", ".hidden.eml", ".git/d.eml", "photo.jpg", "README"):
        (tmp_path / name).write_bytes(mail(name))
    (tmp_path / "b" / "t.txt").write_text("From: bo@mail.example\n\nIt tore.")
    (tmp_path / "b" / "l.jsonl").write_text(json.dumps(LINE))

    labels = [each.label for each in read(tmp_path)]

    assert labels == ["z.eml", "b/a.EML", "b/l.jsonl#1", "b/t.txt", "b/deep/c.eml"]


def test_files_of_one_name_are_called_by_their_paths(tmp_path: Path) -> None:
    files = [tmp_path / place / "mail.eml" for place in "ab"]
    for file in files:
        file.parent.mkdir()
        file.write_bytes(mail(file.parent.name))
    assert [each.label for each in read(*files)] == [str(file) for file in files]


@pytest.mark.parametrize(
    ("content", "labels"),
    [
        (mail("a"), [""]),
        (mbox("a", "b"), ["#1", "#2"]),
        (json.dumps(LINE).encode(), ["#1"]),
        (b"From: bo@mail.example\nIt tore.", [""]),
        (b"From my kite the line came off.\nFrom: x", [""]),
    ],
)
def test_standard_input_is_any_form(content: bytes, labels: list[str]) -> None:
    received = read("-", stdin=content, sender="bo@mail.example")
    assert [each.label for each in received] == [f"standard input{label}" for label in labels]


def test_the_same_message_twice_is_one_run(tmp_path: Path) -> None:
    """Also from a file of another form, and without a message id; another text is another message."""
    without_id = b"\n".join(line for line in mail("a").split(b"\n") if not line.startswith(b"Message-ID"))
    (tmp_path / "a.eml").write_bytes(without_id)
    (tmp_path / "b.eml").write_bytes(without_id.replace(b"\n", b"\r\n"))
    (tmp_path / "c.mbox").write_bytes(
        b"From anna Mon May  3 10:00:00 2027\n" + without_id + b"\n" + mbox("d")
    )
    (tmp_path / "d.eml").write_bytes(mail("d") + b"And again.")

    first, second, third = read(tmp_path)

    assert first.label == "a.eml"
    assert first.again == (str(tmp_path / "b.eml"), str(tmp_path / "c.mbox#1"))
    assert (second.label, second.again) == ("c.mbox#2", ())
    assert (third.label, third.ticket.message_id) == ("d.eml", second.ticket.message_id)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.eml").touch(mode=0)
    assert problems(tmp_path) == [f"{tmp_path / 'a.eml'}: cannot be read: Permission denied"]


BEGINNINGS = st.sampled_from(
    [b"", b"From a b\nFrom:", b"{", b'{"from": "a@b", "text": "', b"From: a@b\n", b"\xff\xfe"]
)


@settings(max_examples=200)
@given(BEGINNINGS, st.binary(max_size=300), st.sampled_from([".eml", ".txt", ".jsonl", ".mbox", ".x", "-"]))
@example(b"", b'{"from": "a@b", "subject": "\\ud800", "text": "\\u0000"}', ".jsonl")
@example(b"From: a@b\n", b">" * 300, ".txt")
def test_any_bytes_in_any_form_give_tickets_or_a_line_each(
    tmp_path_factory: pytest.TempPathFactory, beginning: bytes, rest: bytes, form: str
) -> None:
    file = tmp_path_factory.getbasetemp() / f"any-bytes{form}"
    file.write_bytes(beginning + rest)
    lines: list[str] = []
    try:
        for received in read("-" if form == "-" else file, stdin=beginning + rest):
            received.ticket.model_dump_json()
    except InboxError as error:
        lines = str(error).split("\n")
    assert all(line.startswith((str(file), "standard input")) for line in lines)


def test_a_kind_that_is_not_known_is_named(tmp_path: Path) -> None:
    """Not what its content lacks as a text; the same content under no other name is one."""
    paper = tmp_path / "notes.pdf"
    paper.write_bytes(b"%PDF-1.7\nand more\n")
    assert problems(paper) == [
        f"{paper}: unknown kind .pdf; known: .eml, .txt, .jsonl, .ndjson, .mbox, and texts on standard input"
    ]


def test_files_of_other_kinds_in_a_folder_are_counted(tmp_path: Path) -> None:
    """Hidden ones are not, and what is read is not."""
    for name in ("a.eml", "b.pdf", "deep/c.PDF", "LICENSE", ".hidden", ".git/config"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"From: a@b.example\n\ntext\n")
    (line,) = left_out(ResolveTicket, [str(tmp_path), str(tmp_path / "a.eml"), "-"])
    assert line == f"{tmp_path}: 3 files of other kinds passed over: .pdf, LICENSE"


@pytest.mark.parametrize("kind", [".eml", ".txt", ".jsonl", ".mbox"])
def test_an_empty_file_is_empty_whatever_its_kind(kind: str, tmp_path: Path) -> None:
    file = tmp_path / f"empty{kind}"
    file.write_bytes(b" \n")
    assert problems(file) == [f"{file}: empty"]


def test_a_ticket_that_says_little_comes_with_a_notice(tmp_path: Path) -> None:
    """A subject alone, and bytes that no character set explains."""
    (tmp_path / "a.eml").write_bytes(b"From: a@b.example\nSubject: lamp\n\n")
    (tmp_path / "b.txt").write_bytes(b"From: a@b.example\n\nbroken \x81 lamp")
    (tmp_path / "c.txt").write_bytes(b"From: a@b.example\n\nbroken lamp")
    bare, garbled, fine = (list(each.notices) for each in read(tmp_path))
    assert bare == ["it has no text, only a subject"]
    assert garbled == ["some of its bytes are no text; they read \N{REPLACEMENT CHARACTER}"]
    assert fine == []
