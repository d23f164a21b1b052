"""A person names an integration by its id, part of it, or the provider's id."""

from uuid import UUID

import pytest

from integrations_health import lookup
from tests import factories

pytestmark = pytest.mark.django_db

ONE = UUID("0a1b2c3d-0000-4000-8000-000000000001")
TWO = UUID("0a1b2c3d-0000-4000-8000-000000000002")
OTHER = UUID("ffff0000-0000-4000-8000-000000000003")


@pytest.fixture(autouse=True)
def integrations() -> None:
    for pk, instance in ((ONE, "ca_one"), (TWO, "ca_two"), (OTHER, str(ONE))):
        factories.integration(pk=pk, server_instance_id=instance)


@pytest.mark.parametrize(
    ("reference", "meant"),
    [
        (str(ONE), ONE),
        (str(TWO).upper(), TWO),
        (TWO.hex, TWO),
        ("ffff", OTHER),
        ("f", OTHER),
        ("FFFF0000-0", OTHER),
        ("ca_two", TWO),
    ],
)
def test_one_integration_is_found(reference: str, meant: UUID) -> None:
    found = lookup.find(reference)

    assert found.pk == meant


@pytest.mark.parametrize("reference", ["", "-", "e", "ca_", "nobody", "a\0b", "a\udcfcb", "f" * 33])
def test_nobody_is_found(reference: str) -> None:
    with pytest.raises(lookup.Unknown):
        lookup.find(reference)


def test_several_are_listed() -> None:
    with pytest.raises(lookup.Ambiguous) as several:
        lookup.find("0a1b2c3d")

    assert [candidate.pk for candidate in several.value.candidates] == [ONE, TWO]
    assert several.value.count == 2


def test_of_very_many_the_first_are_listed() -> None:
    for _ in range(lookup.SHOWN + 5):
        factories.integration(server_instance_id="shared")

    with pytest.raises(lookup.Ambiguous) as several:
        lookup.find("shared")

    assert len(several.value.candidates) == lookup.SHOWN
    assert several.value.count == lookup.SHOWN + 5
