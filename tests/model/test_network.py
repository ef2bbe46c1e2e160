"""Whether an address lies in a network."""

import ipaddress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.model.network import in_network


@pytest.mark.parametrize(
    "address", [None, "", "x", "1.2.3", "1.2.3.4.5", "1.2.3.4/32", "01.2.3.4", "fe80::g", "1.2.3.4 "]
)
def test_no_address_is_unknown(address):
    assert in_network(address, "0.0.0.0/0") is None


@settings(derandomize=True, deadline=None, database=None)
@given(st.ip_addresses(v=4), st.integers(0, 32))
def test_ipv4_lies_in_its_own_network_however_it_is_written(address, length):
    network = str(ipaddress.ip_network((address, length), strict=False))
    assert in_network(str(address), network) is True
    assert in_network(f"::ffff:{address}", network) is True
    assert in_network(f"::{address}", network) is False
