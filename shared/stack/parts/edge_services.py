"""Generates the service entries of the edge's configuration from the registry: health check, JSON routes, cluster.

The chart generates the same from ``files/services.yaml`` (templates/edge-config.yaml); tests/chart compares the two.
"""

import re
from collections.abc import Iterator

from shared.registry import Registry

_PATTERN_CLUSTER = "identity"
"""The service whose cluster in envoy.yaml is the YAML anchor that all others reuse."""
_API_PREFIX = "/v1/"
"""Routes with this prefix are JSON routes and generated; the others have limits of their own in envoy.yaml."""


def fill_services(text: str, registry: Registry) -> str:
    """Return the template *text* with the lines ``# <health>``, ``# <routes>`` and ``# <clusters>`` filled in."""
    parts = {"health": _health(registry), "routes": _routes(registry), "clusters": _clusters(registry)}
    for part, lines in parts.items():
        before, indent, after = re.split(rf"(?m)^( *)# <{part}>.*$", text)
        text = before + "\n".join(indent + line for line in lines) + after
    return text


def _health(registry: Registry) -> Iterator[str]:
    return (f"{name}: {{ value: 1 }}" for name in registry.names)


def _routes(registry: Registry) -> Iterator[str]:
    for service in registry:
        for route in service.routes:
            if route.startswith(_API_PREFIX):
                target = f"{{ <<: *json, cluster: {service.name} }}"
                yield f"- {{ name: {route}/*, match: {{ path_separated_prefix: {route} }}, route: {target} }}"


def _clusters(registry: Registry) -> Iterator[str]:
    for name in registry.names:
        if name != _PATTERN_CLUSTER:
            address = f'{{ address: "${{{name}_host}}", port_value: "${{{name}_port}}" }}'
            endpoint = f"{{ endpoint: {{ address: {{ socket_address: {address} }} }} }}"
            assignment = f"{{ cluster_name: {name}, endpoints: [ {{ lb_endpoints: [ {endpoint} ] }} ] }}"
            yield f"- {{ <<: *service, name: {name}, load_assignment: {assignment} }}"
