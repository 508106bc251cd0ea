"""A quotation is found where it stands, and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.documents import Page
from contracts.quotes import QuotedPages, QuotePlace, any_characters, plain_characters, plain_quote

PAGES = [
    Page(number=1, text="Seller:\nHäußler & Söhne  \u2013  Tübingen\nTotal 1,100.00"),
    Page(number=2, text="\u201cLampe\u201d \ufb01ne\u00a0print 100.00; 1\u00a0234,56 \u20ac"),
]


@pytest.mark.parametrize(
    ("quote", "page", "text"),
    [
        ("Total 1,100.00", 1, "Total 1,100.00"),
        ("seller: häußler", 1, "Seller:\nHäußler"),
        ("HÄUSSLER & Söhne - Tübingen", 1, "Häußler & Söhne  \u2013  Tübingen"),
        ("Tu\u0308bingen", 1, "Tübingen"),
        ('"Lampe" fine print', 2, "\u201cLampe\u201d \ufb01ne\u00a0print"),
        ("  100.00 ", 2, "100.00"),
        ("1 234,56 \u20ac", 2, "1\u00a0234,56 \u20ac"),
    ],
)
def test_a_quotation_is_found_whatever_its_spaces_and_marks(quote: str, page: int, text: str) -> None:
    place = QuotedPages(PAGES).find(quote)
    assert place is not None
    assert place.page == page
    assert PAGES[page - 1].text[place.start : place.end] == text


@pytest.mark.parametrize(
    "quote", ["", "  ", "Total 1,100", "100.0", "00", "otal", "Tüb", "234,56", "Total 1100.00"]
)
def test_a_part_of_a_word_or_of_a_number_is_no_quotation(quote: str) -> None:
    """But for a number that is grouped by spaces, which looks like two."""
    place = QuotedPages(PAGES).find(quote)
    assert place is None or quote == "234,56"


def test_the_first_place_counts() -> None:
    pages = [Page(number=3, text="a b a"), Page(number=4, text="a")]
    assert QuotedPages(pages).find("a") == QuotePlace(page=3, start=0, end=1)
    assert QuotedPages(reversed(pages)).find("a") == QuotePlace(page=4, start=0, end=1)


@given(st.text(max_size=80), st.data())
def test_every_cut_of_a_text_at_spaces_is_found_at_an_equal_place(text: str, data: st.DataObject) -> None:
    words = text.split()
    if not words:
        return
    begin = data.draw(st.integers(0, len(words) - 1))
    end = data.draw(st.integers(begin + 1, len(words)))
    quote = " ".join(words[begin:end])
    place = QuotedPages([Page(number=1, text=text)]).find(quote)
    wanted = plain_characters(quote)[0].strip()
    if not wanted:
        assert place is None
    elif place is not None:
        assert plain_characters(text[place.start : place.end])[0].strip() == wanted
    else:
        # Only where a mark of grouping joins what spaces part.
        assert any(each in ".,'" for each in plain_characters(text)[0])


@given(st.text(st.characters(max_codepoint=127)))
def test_the_short_way_for_plain_text_compares_the_same(text: str) -> None:
    """As the long way that any text can go."""
    assert plain_characters(text) == any_characters(text)
    assert plain_quote(text) == any_characters(text)[0].strip()
