"""The boundary: the only thing that orchestration and execution both know."""
