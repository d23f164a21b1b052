"""What a provider's API is asked at."""

from string import ascii_letters, digits

import httpx
from hypothesis import given
from hypothesis import strategies as st

from integrations_health.providers import http

KNOWN = "https://backend.example.com:8443/api/v3.1/connected_accounts"


@given(query=st.text(alphabet=f"{ascii_letters}{digits}-_.~=&,", min_size=1, max_size=2_000))
def test_an_address_that_was_not_read_anew_is_the_one_that_would_have_been(query: str) -> None:
    address = httpx.Request("GET", http.Address(httpx.URL(KNOWN), query)).url

    whole = httpx.URL(f"{KNOWN}?{query}")
    assert (str(address), address.raw_path) == (str(whole), whole.raw_path)
    assert (address, address.host, address.params) == (whole, whole.host, whole.params)
