"""A local model behind an OpenAI-compatible address; run as `python -m embedded.model_server`.

TENUTO_MODEL_KEY in the environment is the key that clients must send.
"""

import argparse
import asyncio
import os
import secrets
import signal
import sys
import threading
from pathlib import Path

from embedded.gateway import Gateway
from embedded.ports import LOOPBACK
from embedded.request_journal import RequestJournal

__all__ = ["main"]

CONTEXT_TOKENS = 4096
# More threads than real cores slow it down, and work is left for the worker and the Temporal server.
MAX_THREADS = 8


def main() -> None:
    """Load the model, then serve until SIGTERM."""
    options = _options()
    if options.tied:
        threading.Thread(target=_exit_with_parent, daemon=True).start()
    key = secrets.token_urlsafe(24)
    # The model serves for as long as this object lives.
    _model, address = _load(options.model, options.alias, options.threads, key)
    journal = RequestJournal(options.journal)
    gateway = Gateway(address, key, os.environ["TENUTO_MODEL_KEY"], journal)
    asyncio.run(_serve(gateway, options.port))
    journal.close()
    # The model's threads may be in the middle of a reply that nobody waits for.
    os._exit(0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m embedded.model_server")
    parser.add_argument("--model", type=Path, required=True, help="GGUF file")
    parser.add_argument("--alias", required=True, help="the name it answers by")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--journal", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=min(os.cpu_count() or 2, MAX_THREADS))
    parser.add_argument("--tied", action="store_true", help="exit when standard input ends")
    return parser.parse_args()


def _load(path: Path, alias: str, threads: int, key: str) -> tuple[object, str]:
    """Start the model on a port of its own; returns it and its address."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.model_alias = {alias}
    params.hostnames = [LOOPBACK]
    params.port = 0
    params.api_keys = [key]
    params.n_ctx = CONTEXT_TOKENS
    # More slots gain little on a CPU, and replies would depend on their neighbours.
    params.n_parallel = 1
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = threads
    # A prompt begins with what never changes, which is then read once: 11 s become less than one.
    params.cache_prompt = True
    # Prefixes of other tasks wait here, 28 KB a token; the default is 8 GB.
    params.cache_ram_mib = 512
    params.use_jinja = True
    params.ui = False
    params.endpoint_slots = False
    server = xllamacpp.Server(params)
    return server, server.listening_address


async def _serve(gateway: Gateway, port: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    server = await gateway.serve(LOOPBACK, port)
    await stop.wait()
    server.close()
    await gateway.close()


def _exit_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
