"""A real HTTP server that speaks chat completions: good replies by rule, faults by script, and a journal."""

from tests.fault_server.journal import Entry
from tests.fault_server.server import Behaviour, Exchange, FaultServer

__all__ = ["Behaviour", "Entry", "Exchange", "FaultServer"]
