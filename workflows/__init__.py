"""Orchestration: deterministic workflows that decide what happens next."""
