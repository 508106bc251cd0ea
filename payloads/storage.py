"""Where large values are kept, from one word of configuration: a folder, or `s3://bucket/prefix`."""

from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from temporalio.converter import DataConverter, ExternalStorage, StorageDriver

from payloads.bucket import bucket_driver
from payloads.converter import data_converter
from payloads.driver import FolderDriver
from payloads.folder import BlobFolder, PayloadsError

__all__ = ["THRESHOLD", "converter_for", "documents_in", "folder_at"]

# Of a payload. A history stays small, and what people look at in the Temporal UI stays in it.
THRESHOLD = 64 * 1024


def folder_at(place: str) -> BlobFolder | None:
    """The folder; None for a bucket, whose own rules remove what is old. Raises PayloadsError."""
    if "://" not in place:
        return BlobFolder(Path(place).expanduser())
    url = urlsplit(place)
    if url.scheme != "s3" or not url.netloc:
        raise PayloadsError(f"TENUTO_PAYLOADS: {place!r} is neither a folder nor s3://BUCKET/PREFIX")
    return None


def documents_in(folder: Path) -> BlobFolder:
    """Documents and their text, which runs refer to by digest."""
    return BlobFolder(folder, "document", "TENUTO_DOCUMENTS")


def converter_for(place: str) -> DataConverter:
    """Values as JSON by pydantic; what is larger than THRESHOLD is kept there. Raises PayloadsError."""
    storage = ExternalStorage([driver_for(place)], payload_size_threshold=THRESHOLD)
    return replace(data_converter, external_storage=storage)


def driver_for(place: str) -> StorageDriver:
    folder = folder_at(place)
    if folder is not None:
        return FolderDriver(folder)
    url = urlsplit(place)
    return bucket_driver(url.netloc, url.path.strip("/"))
