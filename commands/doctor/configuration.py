"""What is configured: model profiles, tools, approvers, telemetry."""

import json
import os
import socket
import sqlite3
import stat
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from activities.approvers import Approvers
from activities.catalogue import Catalogue, CatalogueError, load_catalogue
from activities.database import Database, DatabaseError
from activities.package_prices import package_release
from commands.doctor.findings import Finding, Place, fail, ok, warn
from connection import Settings
from contracts.values import plain
from payloads.folder import BlobFolder, PayloadsError
from payloads.storage import converter_for, documents_in, folder_at

__all__ = [
    "approvers",
    "documents",
    "large_values",
    "ledger",
    "mail",
    "models",
    "payments",
    "shop",
    "telemetry",
]

DEV = "`python starter.py dev` starts one"
PATIENCE_S = 2.0
TELEMETRY = "OTEL_EXPORTER_OTLP_ENDPOINT"
OTLP_PORT = 4318


def models(place: Place) -> Iterator[Finding]:
    """Every profile with its routes, and whether their keys are there. No key is ever printed."""
    path = Settings.of(place.env).models
    try:
        catalogue = load_catalogue(path, place.env)
    except CatalogueError as error:
        yield fail("models", str(error), f"correct {path}")
        return
    for number, name in enumerate(catalogue.profiles):
        yield profile(catalogue, name, default=number == 0)
    for name in catalogue.endpoints:
        if catalogue.lists[name] != (name,):
            yield route(catalogue, name)


def profile(catalogue: Catalogue, name: str, *, default: bool) -> Finding:
    """A profile of one route of its own name is told as that route."""
    what = f"profile {name}" + (" (default)" if default else "")
    names = catalogue.lists[name]
    if names == (name,):
        return route(catalogue, name, what, default=default)
    left_out = [each for each in names if each in catalogue.not_usable]
    used = [each for each in names if each not in left_out]
    reasons = "; ".join(f"{each}: {why_not(catalogue, each)}" for each in left_out)
    if not used:
        return (fail if default else warn)(what, f"no route of it can be used: {reasons}")
    says = ", then ".join(used)
    if left_out:
        return warn(what, f"{says}; left out here is {reasons}")
    return ok(what, says)


def route(catalogue: Catalogue, name: str, what: str | None = None, *, default: bool = False) -> Finding:
    what = what or f"route {name}"
    if name in catalogue.not_usable:
        return (fail if default else warn)(what, f"cannot be used: {why_not(catalogue, name)}")
    route, endpoint = catalogue.routes[name], catalogue.endpoints[name]
    free = not route.price.input and not route.price.output
    price = (
        "free"
        if free
        else f"${plain(route.price.input)} in, ${plain(route.price.output)} out a million tokens"
    )
    if endpoint.priced_by_package:
        price += f" ({package_release()})"
    if endpoint.key_name is not None and endpoint.api_key is None:
        says = f"{route.model}, {price}; {endpoint.key_name} is not set"
        return (fail if default else warn)(what, says, f"export {endpoint.key_name}=...")
    key = f"; key in {endpoint.key_name}" if endpoint.key_name and endpoint.api_key else ""
    return ok(what, f"{route.model} at {endpoint.address or 'the embedded server'}, {price}{key}")


def why_not(catalogue: Catalogue, name: str) -> str:
    return catalogue.not_usable[name].partition(f"{name!r}: ")[2]


def payments(place: Place) -> Iterator[Finding]:
    """The payment service's own word."""
    url = Settings.of(place.env).payments_url
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url}/health", timeout=PATIENCE_S) as reply:
            healthy = bool(json.load(reply)["ok"])
    except (OSError, ValueError, LookupError, TypeError):
        healthy = False
    if healthy:
        yield ok("payments", url)
    elif "TENUTO_PAYMENTS_URL" in place.told:
        yield fail("payments", f"nobody answers at {url}", "check TENUTO_PAYMENTS_URL")
    else:
        yield warn("payments", f"nobody answers at {url}", DEV)


def shop(place: Place) -> Iterator[Finding]:
    """The orders' database can be read."""
    path = Settings.of(place.env).shop
    if not path.is_file():
        yield (fail if "TENUTO_SHOP" in place.told else warn)(
            "shop", f"{path} is not there", "`python starter.py dev` builds it"
        )
        return
    try:
        shop = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=PATIENCE_S)
        try:
            (orders,) = shop.execute("SELECT count(*) FROM orders").fetchone()
        finally:
            shop.close()
    except sqlite3.Error as error:
        yield fail("shop", f"{path} cannot be read: {error}", "remove it; `dev` builds it again")
        return
    yield ok("shop", f"{orders} orders in {path}")


def ledger(place: Place) -> Iterator[Finding]:
    """The tenants' database answers and is of this release."""
    told, mend = "TENUTO_DATABASE_URL" in place.told, "check TENUTO_DATABASE_URL"
    try:
        database = Database(Settings.of(place.env).database_url)
        if database.file is not None and not database.file.exists():
            yield warn("ledger", f"{database.file} is not there", "a worker makes it at its start")
            return
        current = database.is_current()
    except DatabaseError as error:
        yield fail("ledger", str(error).partition("; ")[0], mend if told else "move the file away")
        return
    database.close()
    if current:
        yield ok("ledger", database.name)
    else:
        yield warn("ledger", f"{database.name} is of another release", "a worker upgrades it at its start")


def unwritable(folder: Path) -> Path | None:
    """What keeps this folder from being made or written to: itself, or the nearest one above it."""
    existing = next(each for each in (folder, *folder.parents) if each.exists())
    return None if existing.is_dir() and os.access(existing, os.W_OK) else existing


def documents(place: Place) -> Iterator[Finding]:
    """Where documents and their text are kept."""
    folder = Settings.of(place.env).documents
    if wrong := unwritable(folder):
        yield fail("documents", f"{wrong} is no folder that can be written to", "set TENUTO_DOCUMENTS to one")
        return
    yield shared("documents", documents_in(folder), "TENUTO_DOCUMENTS") or ok(
        "documents", f"kept in {folder}"
    )


def shared(name: str, kept: BlobFolder, variable: str) -> Finding | None:
    """A folder of which nothing is ever removed, since several namespaces need what is in it."""
    if (users := len(kept.users())) <= 1:
        return None
    says = f"{users} namespaces keep theirs in {kept.folder}, so none is ever removed"
    return warn(name, says, f"give each namespace a folder by {variable}")


def mail(place: Place) -> Iterator[Finding]:
    """Where replies go."""
    settings = Settings.of(place.env)
    if wrong := unwritable(settings.mail):
        yield fail("mail", f"{wrong} is no folder that can be written to", "set TENUTO_MAIL to one")
        return
    to = "by SMTP" if settings.smtp_url else f"in {settings.mail / 'customers'}"
    yield ok("mail", f"to customers {to}; hand-overs in {settings.mail / 'desk'}")


def large_values(place: Place) -> Iterator[Finding]:
    """Whether values that are too large for a history can be kept. A bucket is not asked."""
    where = Settings.of(place.env).payloads
    try:
        converter_for(where)
        folder = folder_at(where)
    except PayloadsError as error:
        says, _, mend = str(error).partition("; ")
        yield fail("large values", says, mend or "correct TENUTO_PAYLOADS")
        return
    if folder is None:
        yield ok("large values", f"in {where}; whether it can be reached is not checked")
        return
    existing = next(each for each in (folder.folder, *folder.folder.parents) if each.exists())
    try:
        # Rights alone do not tell: a file system may be read-only, or full.
        with tempfile.TemporaryFile(dir=existing) as file:
            file.write(b"x")
    except OSError as error:
        mend = "set TENUTO_PAYLOADS to a folder, the same for all workers"
        yield fail("large values", f"{existing} cannot be written to: {error.strerror}", mend)
        return
    yield shared("large values", folder, "TENUTO_PAYLOADS") or ok("large values", f"in {folder.folder}")


def approvers(place: Place) -> Iterator[Finding]:
    """Who may approve, and whether only they can read their keys."""
    folder = Settings.of(place.env).approvers
    names = Approvers(folder).names()
    if names:
        yield ok("approvers", f"{', '.join(names)} in {folder}")
    else:
        yield warn("approvers", f"nobody may approve: no key in {folder}", "python starter.py new-key NAME")
    for broken in sorted({file.stem for file in folder.glob("*.pub")} - set(names)):
        yield warn("approvers", f"{broken}.pub holds no key of an approver", "replace or delete it")
    for key in sorted(folder.glob("*.key")):
        if readable_by_others(key):
            says = f"{key} can be read by others: they could approve as {key.stem}"
            yield warn("approvers", says, f"chmod 600 {key}")


def readable_by_others(path: Path) -> bool:
    return bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))


def telemetry(place: Place) -> Iterator[Finding]:
    """Whether anybody listens where traces would go."""
    endpoint = place.env.get(TELEMETRY)
    if not endpoint:
        yield ok("telemetry", f"off: {TELEMETRY} is not set")
        return
    parts = urlsplit(endpoint if "//" in endpoint else f"//{endpoint}")
    try:
        with socket.create_connection((parts.hostname or "", parts.port or OTLP_PORT), PATIENCE_S):
            pass
    except (OSError, ValueError) as error:
        yield warn("telemetry", f"{endpoint} does not answer ({error})", f"start it, or unset {TELEMETRY}")
        return
    yield ok("telemetry", endpoint)
