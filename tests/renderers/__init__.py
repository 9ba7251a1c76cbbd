"""Each format has one golden file of hostile data; regenerate them with `READINESS_GOLDEN=write make test`."""
