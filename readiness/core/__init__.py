"""Facts, outcomes and the verdict: standard library only, no input or output."""
