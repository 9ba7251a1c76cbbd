"""One visit a host, side by side: connecting, sending, and what came back as facts."""
