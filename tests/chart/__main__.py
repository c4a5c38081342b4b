"""``python -m tests.chart``: what each example installs, in build/chart, to be read or applied."""

import sys

import yaml

from tests.architecture.tree import ROOT
from tests.chart.rendering import EXAMPLES, rendered


def main() -> int:
    """Render every example."""
    folder = ROOT / "build/chart"
    folder.mkdir(parents=True, exist_ok=True)
    for name in EXAMPLES:
        (folder / f"{name}.yaml").write_text(yaml.safe_dump_all(rendered(name), sort_keys=False), encoding="utf-8")
        sys.stdout.write(f"build/chart/{name}.yaml: {len(rendered(name))} manifests\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
