"""The tables of the registry: what is wrong with a row is said, and every host names a provider and route that there are."""

import pytest
from pydantic import ValidationError

from auditor.model.facts import USAGE
from auditor.registry.tables import ModelRow, registry


@pytest.mark.parametrize(("pattern", "message"), [("(", "not an RE2 expression"), ("x-[0-9]", "there is none")])
def test_a_version_pattern_that_cannot_work_is_refused(pattern, message):
    with pytest.raises(ValidationError, match=message):
        ModelRow(names=("x",), maker="x", version_pattern=pattern)


def test_hosts_and_providers_fit_together():
    routes = registry().routes
    providers = {provider.name for provider in routes.providers}
    assert {host.provider for host in routes.hosts if host.provider} <= providers
    known = set(USAGE.facts["route"].values)
    told = {host.route for host in routes.hosts} | {provider.route for provider in routes.providers}
    told |= {prefix.route for prefix in registry().models.prefixes}
    assert told - {None} <= known


def test_names_of_hosts_and_providers_are_in_lower_case():
    routes = registry().routes
    names = [host.host for host in routes.hosts] + [provider.name for provider in routes.providers]
    assert names == [name.lower() for name in names]
    patterns = [name for row in registry().models.models for name in row.names]
    assert patterns == [name.lower() for name in patterns]
