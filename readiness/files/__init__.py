"""Reading the files that people name: of a regular kind, of bounded size, and in time."""
