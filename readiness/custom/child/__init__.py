"""What runs in the process of a folder's tests: pytest with testinfra, whose commands are asked of the run."""
