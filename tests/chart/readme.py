"""Writes the chart's README from its schema and its values: ``python -m tests.chart.readme``."""

import json
import sys
from collections.abc import Iterator
from typing import Any

import yaml

from tests.chart.rendering import CHART

HEAD = """# The chart

Candor on Kubernetes 1.20 or later: all services of `services/`, the edge included, from one template.

## Try it out

On any cluster, such as kind or minikube, with the two images built and loaded (`make image`):

```sh
helm install candor charts/candor -n candor --create-namespace -f charts/candor/examples/tryout.yaml
kubectl -n candor wait --for=condition=Available deploy -l app.kubernetes.io/instance=candor --timeout=5m
kubectl -n candor port-forward svc/candor-edge 8080:8080
```

Then open http://localhost:8080; the mails are at `/mailbox`, the promises at `/promises`. `skaffold dev` redeploys
changed code.

## Run it in production

1. MongoDB as a replica set (for example with the MongoDB Community Operator) and RabbitMQ 4 with quorum queues (for
   example with the RabbitMQ Cluster Operator): one database and one user for each service, named like the service
   ([how to create them](../../docs/how-to/outside-parts.md)).
2. One secret for each service, named `<release>-<service>`: `MONGO_URL`, `AMQP_URL`, `SMTP_URL`, `keyring.json`
   (`python -m shared.crypto new-keyring`, with the key uses declared in `shared/services.yaml`); for identity
   also `staff.json`, the first staff accounts; for payments with Stripe also `PAYMENTS_STRIPE_API_KEY`.
   Back up the keyrings separately from the databases: without them no data can be decrypted, and data is erased by
   destroying its key.
3. Certificates: `tls.certManager`, or two secrets that you create: the certificate of the edge for your public address,
   and that of the pods for `<release>-<service>` of every service and for `<release>-frontend`.
4. Values like [examples/small.yaml](examples/small.yaml) or [examples/production.yaml](examples/production.yaml),
   then `helm upgrade --install`.

`helm test` checks through the edge that every service is ready. The schema rejects unknown and missing values by name.

## What is in it

- **Network**: denied by default in both directions; only the connections declared in `shared/services.yaml` are
  allowed. Payments has a zone of its own.
- **Pods**: Pod Security *restricted*, a read-only root filesystem, no service account token.
- **Upgrades** without lost requests: a new pod is ready before an old one is stopped, and a stopping pod finishes its
  requests (25 s).
- **Secrets** are never regenerated: the first install creates the `generated` ones, later ones reuse them.
- **Work that must run once** (retention, backups, campaigns, notices) is done by the pod that holds the lease in
  MongoDB. There is no CronJob to miss, and another pod takes over from a dead one within seconds
  ([why](../../docs/decisions/0006-leases-instead-of-cron.md)).
- **Monitoring**: `monitoring.rules` installs the alerts of [files/rules.yaml](files/rules.yaml), each with a page in
  [docs/runbooks](../../docs/runbooks); `monitoring.dashboards` installs the dashboards of [dashboards](dashboards).

## Values

Generated from `values.schema.json` by `make docs`.

| value | default | meaning |
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
