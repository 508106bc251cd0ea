"""Record types as a pydantic model or a JSON Schema declares them.

An object whose properties are strings (plain, `format: date`, or an `enum`), numbers, and at most one array
of such objects. Three keywords are Tenuto's own: `words` of an enum property says by which words a document
names each choice, `sums` of the object says which field is the sum of which others, and `product` of the
rows' object says which column is the product of which two:

    "sums": {"net": ["lines.amount"], "total": ["net", "tax"]}
    "product": {"amount": ["quantity", "unit_price"]}
"""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from contracts.records import FieldKind, FieldType, Product, RecordType, Sum

__all__ = ["RecordTypeError", "record_type_of"]


class RecordTypeError(ValueError):
    """A JSON Schema that describes no record type. One line that names the place."""


def record_type_of(name: str, schema: Mapping[str, Any]) -> RecordType:
    """Of a JSON Schema. Raises RecordTypeError."""
    definitions = schema.get("$defs", {})
    fields, rows_name, rows = list[FieldType](), "", tuple[FieldType, ...]()
    product: Product | None = None
    for key, content in properties_of(schema, name).items():
        declared = resolved(content, definitions)
        required = key in schema.get("required", ())
        if declared.get("type") == "array":
            if rows_name:
                raise RecordTypeError(f"{name}.{key}: a record has one list of rows, and {rows_name} is one")
            row = resolved(declared.get("items", {}), definitions)
            rows_name, rows = key, row_types(f"{name}.{key}", row, definitions)
            product = product_of(f"{name}.{key}", row)
        else:
            fields.append(field_type(f"{name}.{key}", key, declared, required=required))
    sums = sums_of(name, schema.get("sums", {}))
    try:
        return RecordType(
            name=name,
            fields=tuple(fields),
            rows_name=rows_name,
            rows=rows,
            sums=sums,
            product=product,
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise RecordTypeError(f"{name}: {place + ': ' if place else ''}{first['msg']}") from None


def sums_of(place: str, declared: Any) -> tuple[Sum, ...]:
    if isinstance(declared, dict) and all(are_texts(of) for of in declared.values()):
        return tuple(Sum(total=total, of=tuple(of)) for total, of in declared.items())
    raise RecordTypeError(f'{place}: sums is written {{"total": ["net", "tax"]}}')


def are_texts(value: Any) -> bool:
    """At least one: a text alone would be taken for a list of its letters."""
    return isinstance(value, list) and bool(value) and all(isinstance(each, str) for each in value)


def row_types(place: str, row: Mapping[str, Any], definitions: Mapping[str, Any]) -> tuple[FieldType, ...]:
    required = row.get("required", ())
    return tuple(
        field_type(f"{place}.{key}", key, resolved(content, definitions), required=key in required)
        for key, content in properties_of(row, place).items()
    )


def product_of(place: str, row: Mapping[str, Any]) -> Product | None:
    match row.get("product"):
        case None:
            return None
        case dict() as declared if len(declared) == 1:
            ((name, factors),) = declared.items()
            if isinstance(factors, list) and len(factors) == 2:
                return Product(product=str(name), of=(str(factors[0]), str(factors[1])))
    raise RecordTypeError(f'{place}: product is written {{"amount": ["quantity", "unit_price"]}}')


def properties_of(schema: Mapping[str, Any], place: str) -> Mapping[str, Any]:
    properties = schema.get("properties")
    if not isinstance(properties, Mapping) or not properties:
        raise RecordTypeError(f"{place}: an object with properties is needed")
    return properties


def resolved(content: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Without references, and with the part of `anyOf` that is neither null nor another form of a number."""
    merged = dict(content)
    if isinstance(reference := merged.pop("$ref", None), str):
        merged = {**definitions.get(reference.rpartition("/")[2], {}), **merged}
    parts = [resolved(part, definitions) for part in merged.pop("anyOf", ())]
    useful = [part for part in parts if part.get("type") != "null"]
    numeric = [part for part in useful if part.get("type") in ("number", "integer")]
    for part in (numeric or useful)[:1]:
        merged = {**part, **merged}
    return merged


def field_type(place: str, key: str, declared: Mapping[str, Any], *, required: bool) -> FieldType:
    means = str(declared.get("description", ""))[:200]
    words: dict[str, tuple[str, ...]] = {}
    match declared:
        case {"enum": [*choices]}:
            kind, words = FieldKind.CHOICE, words_of(place, [*map(str, choices)], declared.get("words", {}))
        case {"type": "number" | "integer"}:
            kind = FieldKind.NUMBER
        case {"type": "string", "format": "date"}:
            kind = FieldKind.DATE
        case {"type": "string"}:
            kind = FieldKind.TEXT
        case _:
            raise RecordTypeError(f"{place}: a string, number, date or enum is needed")
    try:
        return FieldType(name=key, kind=kind, means=means, required=required, words=words)
    except ValidationError as error:
        raise RecordTypeError(f"{place}: {error.errors(include_url=False)[0]['msg']}") from None


def words_of(place: str, choices: list[str], given: Any) -> dict[str, tuple[str, ...]]:
    """In lower case, as documents are searched for them; of a choice without any its own name."""
    if not isinstance(given, dict) or not all(are_texts(each) for each in given.values()):
        raise RecordTypeError(f'{place}: words is written {{"return": ["storno", "return"]}}')
    if strange := [choice for choice in given if choice not in choices]:
        raise RecordTypeError(f"{place}: words: {', '.join(strange)} is none of its choices")
    words = {each: tuple(plain(word) for word in given.get(each, [each])) for each in choices}
    if not all(word for each in words.values() for word in each):
        raise RecordTypeError(f"{place}: words: an empty one would stand in every document")
    return words


def plain(word: str) -> str:
    return " ".join(word.lower().split())
