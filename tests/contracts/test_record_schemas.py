"""Record types of JSON Schemas: what they declare, and what is refused with its place."""

from typing import Any

import pytest

from contracts.record_schemas import RecordTypeError, record_type_of
from contracts.records import FieldKind, Product, Sum


def test_a_json_schema_is_a_record_type() -> None:
    """Types, enums with their words, one list of rows, sums."""
    schema = {
        "type": "object",
        "properties": {
            "shop": {"type": "string", "description": "name of the shop"},
            "day": {"type": "string", "format": "date"},
            "kind": {"enum": ["sale", "return"], "words": {"return": ["storno"]}},
            "total": {"type": "number"},
            "items": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {name: {"type": "number"} for name in ("pieces", "each", "price")},
                    "product": {"price": ["pieces", "each"]},
                },
            },
        },
        "required": ["total"],
        "sums": {"total": ["items.price"]},
    }
    record = record_type_of("receipt", schema)
    assert [(each.name, each.kind, each.required) for each in record.fields] == [
        ("shop", FieldKind.TEXT, False),
        ("day", FieldKind.DATE, False),
        ("kind", FieldKind.CHOICE, False),
        ("total", FieldKind.NUMBER, True),
    ]
    assert record.fields[2].words == {"sale": ("sale",), "return": ("storno",)}
    assert record.sums == (Sum(total="total", of=("items.price",)),)
    assert record.product == Product(product="price", of=("pieces", "each"))


@pytest.mark.parametrize(
    ("product", "wrong"),
    [
        ({"price": ["pieces", "what"]}, "product: what is no number column"),
        ({"price": ["pieces", "pieces"]}, "product: price needs two other columns"),
        ({"price": ["pieces"]}, 'receipt.items: product is written {"amount": ["quantity", "unit_price"]}'),
        ("price", 'receipt.items: product is written {"amount": ["quantity", "unit_price"]}'),
    ],
)
def test_a_product_is_of_three_number_columns(product: Any, wrong: str) -> None:
    columns: dict[str, Any] = {"what": {"type": "string"}}
    columns |= {name: {"type": "number"} for name in ("pieces", "each", "price")}
    row = {"type": "object", "properties": columns, "product": product}
    schema = {"properties": {"items": {"type": "array", "items": row}}}
    with pytest.raises(RecordTypeError) as refused:
        record_type_of(
            "receipt", {**schema, "properties": {"shop": {"type": "string"}, **schema["properties"]}}
        )
    assert wrong in str(refused.value)


TOTALLED: dict[str, Any] = {"properties": {name: {"type": "number"} for name in ("net", "tax", "total")}}


def named(words: Any) -> dict[str, Any]:
    """A record of a choice, with the words for it."""
    return {"properties": {"kind": {"enum": ["sale", "return"], "words": words}}}


def test_words_in_capitals_name_a_choice_as_well() -> None:
    """Documents are searched without case."""
    record = record_type_of("receipt", named({"return": ["STORNO", "Sale  Return"]}))
    assert record.fields[0].words == {"sale": ("sale",), "return": ("storno", "sale return")}


@pytest.mark.parametrize(
    ("schema", "wrong"),
    [
        ({}, "receipt: an object with properties is needed"),
        ({"properties": {"a": {"type": "object"}}}, "receipt.a: a string, number, date or enum is needed"),
        ({"properties": {"A b": {"type": "string"}}}, "receipt.A b: String should match pattern"),
        (
            {"properties": {"a": {"type": "string"}, "b": {"type": "number"}}, "sums": {"b": ["a"]}},
            "sums: a is no number field",
        ),
        ({**TOTALLED, "sums": {"total": []}}, 'receipt: sums is written {"total": ["net", "tax"]}'),
        ({**TOTALLED, "sums": {"total": "net"}}, 'receipt: sums is written {"total": ["net", "tax"]}'),
        (named({"return": "storno"}), 'receipt.kind: words is written {"return": ["storno", "return"]}'),
        (named({"return": []}), 'receipt.kind: words is written {"return": ["storno", "return"]}'),
        (named(["storno"]), 'receipt.kind: words is written {"return": ["storno", "return"]}'),
        (named({"return": [" "]}), "receipt.kind: words: an empty one would stand in every document"),
        (named({"refund": ["storno"]}), "receipt.kind: words: refund is none of its choices"),
        (
            {"properties": {"kind": {"enum": "sale"}}},
            "receipt.kind: a string, number, date or enum is needed",
        ),
    ],
)
def test_a_schema_that_describes_no_record_is_refused_with_its_place(schema: Any, wrong: str) -> None:
    with pytest.raises(RecordTypeError) as refused:
        record_type_of("receipt", schema)
    assert wrong in str(refused.value)
