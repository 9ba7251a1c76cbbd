"""The folder that a run is written to, and read back from."""
