"""The languages that hosts speak: a batch of scripts composed into one text, and its output taken apart."""
