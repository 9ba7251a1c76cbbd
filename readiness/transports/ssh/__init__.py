"""SSH with pinned host keys."""
