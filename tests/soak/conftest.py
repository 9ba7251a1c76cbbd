"""A host with the reader, its rule and its login, as the tests of probes have it."""

from tests.probes.conftest import host as host  # noqa: PLC0414 - a fixture of this folder's tests
from tests.probes.conftest import one_host as one_host  # noqa: PLC0414 - as above
