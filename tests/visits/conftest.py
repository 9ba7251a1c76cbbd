"""Files of these tests lie where root reads, too."""

from tests.probes.conftest import tmp_path as tmp_path  # noqa: PLC0414 - a fixture of this folder's tests
