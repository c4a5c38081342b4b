"""Writes the chart's README from its schema and its values: ``python -m tests.chart.readme``."""

import json
import sys
from collections.abc import Iterator
from typing import Any

import yaml

from tests.chart.rendering import CHART

HEAD = """# The chart

Candor on Kubernetes 1.20 or newer: every process of `services/` from one template, the edge among them.

## Try it out

On any cluster, kind and minikube included, with the two images built and loaded (`make image`):

```sh
helm install candor charts/candor -n candor --create-namespace -f charts/candor/examples/tryout.yaml
kubectl -n candor wait --for=condition=Available deploy -l app.kubernetes.io/instance=candor --timeout=5m
kubectl -n candor port-forward svc/candor-edge 8080:8080
```

then http://127.0.0.1:8080; the mails are at `/mailbox`, the promises at `/promises`. While you change the code:
`skaffold dev`.

## Run it

1. MongoDB with a replica set (the MongoDB Community Operator makes one) and RabbitMQ 4 with quorum queues (the
   RabbitMQ Cluster
   Operator): one database and one user for each service, named like the service
   ([how to make them](../../docs/how-to/outside-parts.md)).
2. One secret for each service, named `<release>-<service>`: `MONGO_URL`, `AMQP_URL`, `SMTP_URL`, `keyring.json`
   (`python -m shared.crypto new-keyring`, with the uses that `shared/services.yaml` names); identity
   also `staff.json`, the first staff.
   Back the keyrings up apart from the databases: without them nothing can be opened, and destroying a key is how data
   is erased.
3. Certificates: `tls.certManager`, or two secrets that you make: the one of the edge for your address, the one of the
   pods for `<release>-<service>` of every service and for `<release>-frontend`.
4. Values like [examples/small.yaml](examples/small.yaml) or [examples/production.yaml](examples/production.yaml),
   then `helm upgrade --install`.

`helm test` asks the edge whether every service's parts answer. A misspelt or missing value is refused by its name.

## What is in it

- **Network**: nothing may talk to anything, both ways, but for the pairs that `shared/services.yaml` declares;
  payments is in a zone of its own.
- **Pods**: Pod Security *restricted*, a root that cannot be written, no token of the cluster.
- **Upgrades** lose nothing: a new pod is ready before an old one goes; a pod that goes finishes what it has in hand
  (25 s).
- **Secrets** are never made anew: `generated` ones are made by the first install and found again by each later one.
- **Work that must happen once** (retention, backups, campaigns, notices) is done by whichever pod holds the lease in
  MongoDB: there is
  no CronJob to miss, and a pod that dies is replaced within seconds
  ([why](../../docs/decisions/0006-leases-instead-of-cron.md)).
- **Monitoring**: `monitoring.rules` brings the alerts of [files/rules.yaml](files/rules.yaml), each with a page in
  [docs/runbooks](../../docs/runbooks), `monitoring.dashboards` the dashboards of [dashboards](dashboards).

## Values

Made from `values.schema.json` by `make docs`.

| value | default | what it is |
|---|---|---|
"""


def rows(schema: dict[str, Any], values: Any, definitions: dict[str, Any], path: str = "") -> Iterator[str]:
    """Yield a row for each value, depth first."""
    for name, found in schema.get("properties", {}).items():
        part = definitions[found["$ref"].rpartition("/")[2]] if "$ref" in found else found
        here = f"{path}.{name}".lstrip(".")
        default = values.get(name) if isinstance(values, dict) else None
        if "properties" in part:
            yield from rows(part, default, definitions, here)
        elif here != "global":
            about = part.get("description", "").replace("|", "\\|")
            shown = "" if default is None else f"`{json.dumps(default)}`"
            yield f"| `{here}` | {shown} | {about} |"


def readme() -> str:
    """Return the README as it should be."""
    schema = json.loads((CHART / "values.schema.json").read_text())
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    wanted = dict(schema)
    wanted["properties"] = {name: part for name, part in schema["properties"].items() if name != "services"}
    services = {"properties": {"<name>": schema["definitions"]["service"]}}
    found = [*rows(wanted, values, schema["definitions"]), *rows(services, {}, schema["definitions"], "services")]
    return HEAD + "\n".join(found) + "\n"


if __name__ == "__main__":
    (CHART / "README.md").write_text(readme(), encoding="utf-8")
    sys.stdout.write("charts/candor/README.md is written\n")
