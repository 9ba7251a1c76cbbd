"""Readers of configuration formats, from what a probe's script sends; secrets are masked before they come here."""
