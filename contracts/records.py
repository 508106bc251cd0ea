"""What is to be extracted from a document: fields, and perhaps one list of rows (an invoice's lines)."""

from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from contracts.values import Value

__all__ = ["FieldKind", "FieldType", "Product", "RecordType", "Sum"]

# It is a part of every request that reads a section.
MOST_BYTES = 16_000
NAME = r"^[a-z][a-z0-9_]{0,39}$"


class FieldKind(StrEnum):
    """How a value that was copied from a document is read."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    CHOICE = "choice"


class FieldType(Value):
    """One field of a record, or one column of its rows."""

    name: str = Field(pattern=NAME)
    kind: FieldKind
    means: str = Field(default="", max_length=200)
    """Told to the model."""
    required: bool = False
    words: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Of a choice: each with the words that name it in documents, in lower case."""


class Sum(Value):
    """`total` is what `of` come to: fields, or a column as `rows.column`."""

    total: str
    of: tuple[str, ...] = Field(min_length=1)


class Product(Value):
    """In each row `product` is what the two columns `of` come to."""

    product: str
    of: tuple[str, str]

    @property
    def columns(self) -> tuple[str, str, str]:
        """The factors, then what they come to."""
        return (*self.of, self.product)


class RecordType(Value):
    """A run's record type travels in its input, so that its history says what was asked for."""

    name: str = Field(pattern=NAME)
    fields: tuple[FieldType, ...] = Field(min_length=1, max_length=40)
    rows_name: str = ""
    """What the list of rows is called; empty without rows."""
    rows: tuple[FieldType, ...] = Field(default=(), max_length=12)
    sums: tuple[Sum, ...] = ()
    product: Product | None = None
    """Of the rows."""

    @model_validator(mode="after")
    def _goes_with_every_section(self) -> Self:
        size = len(self.model_dump_json().encode())
        if size > MOST_BYTES:
            raise ValueError(f"it has {size} bytes as JSON, of at most {MOST_BYTES}")
        return self

    @model_validator(mode="after")
    def _sums_are_of_numbers(self) -> Self:
        numbers = {each.name for each in self.fields if each.kind is FieldKind.NUMBER}
        columns = {f"{self.rows_name}.{each.name}" for each in self.rows if each.kind is FieldKind.NUMBER}
        for rule in self.sums:
            strange = [name for name in (rule.total, *rule.of) if name not in numbers | columns]
            if strange or rule.total in columns:
                raise ValueError(f"sums: {', '.join(strange) or rule.total} is no number field")
        return self

    @model_validator(mode="after")
    def _product_is_of_numbers(self) -> Self:
        if (rule := self.product) is not None:
            numbers = {each.name for each in self.rows if each.kind is FieldKind.NUMBER}
            if strange := [name for name in rule.columns if name not in numbers]:
                raise ValueError(f"product: {', '.join(strange)} is no number column")
            if len(set(rule.columns)) < len(rule.columns):
                raise ValueError(f"product: {rule.product} needs two other columns")
        return self
