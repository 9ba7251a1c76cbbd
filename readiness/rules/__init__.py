"""Knowledge to judge by: versions, certificates, TLS and what snapshots do. Pure: nothing here reads a fact."""
