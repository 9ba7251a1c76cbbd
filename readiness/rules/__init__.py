"""What is judged by: pure knowledge, of versions, certificates, TLS and what snapshots do; no fact is read here."""
