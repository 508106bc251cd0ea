"""The sample shop's database, for `python samples/build_shop.py PATH`.

Deterministic: the same base date gives the same rows. Dates are relative to the base date, so that an order
delivered "5 days ago" is that on whatever day the samples are run.
"""

import argparse
import sqlite3
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

__all__ = ["ORDERS", "SampleOrder", "build_shop", "main"]

SCHEMA = """
CREATE TABLE customers (
    email TEXT NOT NULL PRIMARY KEY COLLATE NOCASE,
    name TEXT NOT NULL
) STRICT;
CREATE TABLE orders (
    number TEXT NOT NULL PRIMARY KEY COLLATE NOCASE
        CHECK (number GLOB '[A-Z][A-Z]-[0-9][0-9][0-9][0-9][0-9]'),
    customer_email TEXT NOT NULL COLLATE NOCASE REFERENCES customers (email),
    item TEXT NOT NULL,
    total_cents INTEGER NOT NULL CHECK (total_cents > 0),
    promised_on TEXT NOT NULL,
    delivered_on TEXT,
    refunded_cents INTEGER NOT NULL DEFAULT 0 CHECK (refunded_cents BETWEEN 0 AND total_cents)
) STRICT;
CREATE INDEX orders_by_customer ON orders (customer_email);
"""

CUSTOMERS = {
    "anna.bergmann@posteo.example": "Anna Bergmann",
    "b.okafor@mailbox.example": "Blessing Okafor",
    "carla.ruiz@correo.example": "Carla Ruiz",
    "d.lindqvist@postbox.example": "Dag Lindqvist",
    "elise.martin@courriel.example": "Élise Martin",
    "f.haddad@mailbox.example": "Farid Haddad",
    "grace.kim@inbox.example": "Grace Kim",
    "h.novak@postbox.example": "Hana Novák",
    "ian.fletcher@inbox.example": "Ian Fletcher",
    "j.santos@mailbox.example": "Joana Santos",
    "k.whitfield@inbox.example": "Keith Whitfield",
    "lena.moreau@courriel.example": "Léna Moreau",
    "m.tanaka@postbox.example": "Mio Tanaka",
    "nora.doyle@inbox.example": "Nora Doyle",
    "o.petrov@mailbox.example": "Oleg Petrov",
    "priya.nair@inbox.example": "Priya Nair",
    "q.adeyemi@postbox.example": "Quadri Adeyemi",
    "rosa.vidal@correo.example": "Rosa Vidal",
    "s.meier@posteo.example": "Stefan Meier",
    "tess.harlow@inbox.example": "Tess Harlow",
    "u.brandt@mailbox.example": "Uma Brandt",
    "v.ostrom@postbox.example": "Vera Ostrom",
    "w.ferrari@mailbox.example": "Walid Ferrari",
    "x.vandijk@postbox.example": "Xander van Dijk",
    "y.sato@inbox.example": "Yui Sato",
    "z.aslan@mailbox.example": "Zeynep Aslan",
    "arne.holm@postbox.example": "Arne Holm",
    "bea.lindt@posteo.example": "Bea Lindt",
    "cem.aydin@mailbox.example": "Cem Aydin",
    "emil.strand@postbox.example": "Emil Strand",
    "fay.oduya@inbox.example": "Fay Oduya",
    "gil.navarro@correo.example": "Gil Navarro",
    "hugo.bakker@postbox.example": "Hugo Bakker",
    "iris.cole@inbox.example": "Iris Cole",
    "jun.park@inbox.example": "Jun Park",
    "kaya.demir@mailbox.example": "Kaya Demir",
    "liam.byrne@inbox.example": "Liam Byrne",
    "noor.hassan@mailbox.example": "Noor Hassan",
    "olga.ruden@postbox.example": "Olga Ruden",
    "pablo.reis@correo.example": "Pablo Reis",
    "gaia.conti@courriel.example": "Gaia Conti",
    "q.kowalska@postbox.example": "Kinga Kowalska",
    "ravi.menon@inbox.example": "Ravi Menon",
    "sol.vega@correo.example": "Sol Vega",
    "tara.finch@inbox.example": "Tara Finch",
    "will.tran@inbox.example": "Will Tran",
    "theo.lang@posteo.example": "Theo Lang",
    "xenia.lund@postbox.example": "Xenia Lund",
}


@dataclass(frozen=True)
class SampleOrder:
    """One order. Days count from the base date; the past is negative."""

    number: str
    customer_email: str
    item: str
    total_cents: int
    promised: int
    delivered: int | None
    refunded_cents: int = 0


ORDERS = (
    SampleOrder("KM-20417", "b.okafor@mailbox.example", "Stoneware mug, set of two", 2_480, -6, -5),
    SampleOrder("KM-20552", "anna.bergmann@posteo.example", "Wall clock, oak", 4_290, -9, -8),
    SampleOrder("KM-20609", "carla.ruiz@correo.example", "Cotton bed sheet, blue", 3_950, -4, -4),
    SampleOrder("KM-20733", "elise.martin@courriel.example", "Rain jacket for children", 3_600, -12, None),
    SampleOrder("TX-11820", "d.lindqvist@postbox.example", "Desk lamp, brass", 12_900, -3, -2),
    SampleOrder("TX-11874", "f.haddad@mailbox.example", "Espresso machine", 24_900, -10, -9),
    SampleOrder("TX-11902", "grace.kim@inbox.example", "Table fan", 3_499, -75, -70),
    SampleOrder("TX-11977", "h.novak@postbox.example", "Picture frame, 40 x 50", 2_200, -50, -47),
    SampleOrder("BL-30018", "ian.fletcher@inbox.example", "Toaster, two slots", 4_550, -20, -19, 4_550),
    SampleOrder("BL-30064", "j.santos@mailbox.example", "Cast iron pan", 5_800, -25, -22, 5_800),
    SampleOrder("BL-30131", "k.whitfield@inbox.example", "Leather wallet", 4_900, -7, -7),
    SampleOrder("BL-30177", "lena.moreau@courriel.example", "Yoga mat", 2_990, -2, None),
    SampleOrder("BL-30240", "m.tanaka@postbox.example", "Bathroom scale", 3_150, -11, -10),
    SampleOrder("RD-45006", "nora.doyle@inbox.example", "Garden chair", 6_400, -14, -13),
    SampleOrder("RD-45012", "nora.doyle@inbox.example", "Seat cushion, green", 1_850, -14, -13),
    SampleOrder("RD-45013", "nora.doyle@inbox.example", "Parasol stand", 3_300, -5, None),
    SampleOrder("RD-45090", "o.petrov@mailbox.example", "Water bottle, steel", 1_840, -8, -8),
    SampleOrder("RD-45151", "priya.nair@inbox.example", "Running shoes, size 39", 8_900, 3, None),
    SampleOrder("RD-45203", "q.adeyemi@postbox.example", "Bluetooth speaker", 5_000, -29, -28),
    SampleOrder("SP-70331", "rosa.vidal@correo.example", "Jigsaw puzzle, 1000 pieces", 1_995, -6, -6),
    SampleOrder("SP-70388", "s.meier@posteo.example", "Kettle, 1.7 litres", 3_790, -16, -15),
    SampleOrder("SP-70420", "tess.harlow@inbox.example", "Winter duvet", 11_900, -13, -3),
    SampleOrder("SP-70467", "u.brandt@mailbox.example", "Door mat", 2_150, -10, -12),
    SampleOrder("LC-61010", "v.ostrom@postbox.example", "Hand blender", 3_900, -7, -6),
    SampleOrder("LC-61033", "w.ferrari@mailbox.example", "Board game", 2_700, -12, -11),
    SampleOrder("LC-61034", "w.ferrari@mailbox.example", "Serving bowl, blue", 2_950, -9, -9),
    SampleOrder("LC-61057", "x.vandijk@postbox.example", "Bicycle bell, copper", 1_650, -5, -5),
    SampleOrder("LC-61088", "y.sato@inbox.example", "Teapot, glass", 4_480, -1, -1),
    SampleOrder("LC-61102", "z.aslan@mailbox.example", "Robot vacuum", 18_900, -4, -4),
    SampleOrder("LC-61140", "arne.holm@postbox.example", "Umbrella", 2_600, -42, -41),
    SampleOrder("LC-61161", "bea.lindt@posteo.example", "Photo album", 3_100, -53, -52),
    SampleOrder("LC-61190", "cem.aydin@mailbox.example", "Hiking poles", 4_400, -8, -8),
    SampleOrder("LC-61222", "emil.strand@postbox.example", "Picture light", 3_300, -15, -15, 3_300),
    SampleOrder("LC-61255", "fay.oduya@inbox.example", "Rice cooker", 4_700, -5, -5),
    SampleOrder("VN-80014", "gil.navarro@correo.example", "Salad spinner", 2_350, -2, -1),
    SampleOrder("VN-80029", "hugo.bakker@postbox.example", "Gardening gloves", 1_420, -3, -4),
    SampleOrder("VN-80051", "iris.cole@inbox.example", "Camping tent", 16_900, -20, -8),
    SampleOrder("VN-80077", "jun.park@inbox.example", "Sewing machine", 21_500, -7, -7),
    SampleOrder("VN-80093", "kaya.demir@mailbox.example", "Shelf board, walnut", 4_900, -6, -6),
    SampleOrder("VN-80118", "liam.byrne@inbox.example", "Wool blanket", 4_600, -63, -63),
    SampleOrder("VN-80140", "noor.hassan@mailbox.example", "Coffee grinder", 3_700, -24, -23),
    SampleOrder("VN-80141", "noor.hassan@mailbox.example", "Storage jars, six", 2_300, -24, -23),
    SampleOrder("VN-80166", "noor.hassan@mailbox.example", "Kitchen scale", 2_900, -20, -20),
    SampleOrder("VN-80190", "olga.ruden@postbox.example", "Table lamp, paper", 3_850, -9, None),
    SampleOrder("VN-80202", "pablo.reis@correo.example", "Suitcase, small", 4_950, -5, -5),
    SampleOrder("VN-80233", "gaia.conti@courriel.example", "Moka pot", 2_780, -2, -1),
    SampleOrder("VN-80250", "q.kowalska@postbox.example", "Wooden box with a hidden lock", 3_120, -6, -5),
    SampleOrder("VN-80277", "ravi.menon@inbox.example", "Alarm clock", 1_990, -3, -3),
    SampleOrder("VN-80301", "sol.vega@correo.example", "Yoga bolster", 4_100, -46, -46),
    SampleOrder("VN-80322", "tara.finch@inbox.example", "Flower pots, three", 3_600, -10, -10),
    SampleOrder("VN-80350", "will.tran@inbox.example", "Headphones", 4_800, 4, None),
    SampleOrder("VN-80371", "xenia.lund@postbox.example", "Standing mirror", 9_900, -6, -5),
    SampleOrder("VN-80390", "theo.lang@posteo.example", "Bread bin", 4_150, -18, -18, 4_150),
)
"""Every path of the ticket workflow has an order that leads there."""


def build_shop(path: Path, today: date) -> None:
    """Write the database, replacing one that is there; a reader sees the old one or the new one, whole."""
    unfinished = path.with_name(path.name + ".new")
    unfinished.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(unfinished)
    try:
        database.executescript("PRAGMA foreign_keys = ON;" + SCHEMA)
        with database:
            database.executemany("INSERT INTO customers VALUES (?, ?)", CUSTOMERS.items())
            database.executemany(
                "INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?)", [row(order, today) for order in ORDERS]
            )
    finally:
        database.close()
    unfinished.replace(path)


def row(order: SampleOrder, today: date) -> tuple[str, str, str, int, str, str | None, int]:
    """An order's columns, with its days turned into dates."""
    promised = today + timedelta(days=order.promised)
    delivered = None if order.delivered is None else (today + timedelta(days=order.delivered)).isoformat()
    return (
        order.number,
        order.customer_email,
        order.item,
        order.total_cents,
        promised.isoformat(),
        delivered,
        order.refunded_cents,
    )


def main(arguments: Sequence[str]) -> None:
    """Build the shop from the command line."""
    parser = argparse.ArgumentParser(description="Build the sample shop's database.")
    parser.add_argument("path", type=Path)
    parser.add_argument(
        "--today",
        type=date.fromisoformat,
        default=datetime.now(UTC).date(),
        help="base date of all dates in the shop (default: today, UTC)",
    )
    options = parser.parse_args(arguments)
    build_shop(options.path, options.today)
    sys.stdout.write(f"{options.path}: {len(ORDERS)} orders of {len(CUSTOMERS)} customers\n")


if __name__ == "__main__":
    main(sys.argv[1:])
