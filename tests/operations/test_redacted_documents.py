"""References to documents stay followable when a run is redacted, and their names do not."""

from contracts.documents import ConvertedDocument, Document, MediaType, PageReference, StoredText
from operations.typed_texts import replaced


def blotted(text: str) -> str:
    return "z" * len(text)


def test_digests_are_kept_and_names_are_not() -> None:
    """A placeholder would be no digest, and the run could not be replayed."""
    document = Document(name="anna.pdf", digest="a" * 64, media_type=MediaType.PDF, size=5)
    redacted = replaced(Document, document.model_dump(mode="json"), blotted)
    assert Document.model_validate(redacted) == document.model_copy(update={"name": "zzzzzzzz"})

    page = PageReference(number=1, text=StoredText(digest="b" * 64, characters=7))
    converted = ConvertedDocument(document="a" * 64, converter="python 3.11", pages=(page,))
    redacted = replaced(ConvertedDocument, converted.model_dump(mode="json"), blotted)
    assert ConvertedDocument.model_validate(redacted) == converted
