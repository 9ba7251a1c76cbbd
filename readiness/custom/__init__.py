"""Users' own pytest-testinfra tests: planned beforehand, run over our connection, kept with the run.

Their code runs in a process of its own, which imports `child` and nothing that reaches a host.
"""
