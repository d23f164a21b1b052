"""The bench's tables are as large as it says."""

from collections.abc import Iterator

import pytest

from bench.rows import Rows
from integrations_health.models import HealthCheck, Integration
from tests.sessions import another_session

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def rows() -> Iterator[Rows]:
    with another_session() as session:
        session.autocommit = True
        yield Rows(session)


def test_a_table_that_was_large_is_small_again(rows: Rows) -> None:
    rows.fill(9)
    rows.fill(30)

    rows.fill(9)

    # By them the simulator knows the accounts.
    accounts = Integration.objects.order_by("pk").values_list("server_instance_id", flat=True)
    assert set(accounts) == {f"ca_{n:09}" for n in range(9)}
    assert list(HealthCheck.objects.values_list("status", flat=True)) == ["healthy"] * 9
