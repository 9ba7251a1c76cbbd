"""What an estate may name comes from the catalogue and the transports."""

from __future__ import annotations

import pytest

from readiness import products
from readiness.configs import SYSTEMS
from readiness.core.errors import InputError
from readiness.planning.inputs import names_of
from tests import small


def test_only_accounts_that_a_check_looks_at_can_be_agreed_on() -> None:
    assert names_of(products.load(SYSTEMS)).accounts == {"bacula"}


@pytest.mark.parametrize("account", ["root", "LocalSystem"])
def test_a_demand_on_another_account_would_never_be_applied(account: str) -> None:
    with pytest.raises(InputError, match=f"no role has an account of its own called '{account}'"):
        small.inputs(baseline={"no_login_shell": [account]})
