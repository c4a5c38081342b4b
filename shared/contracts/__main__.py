"""Generates this package from ``proto/``: ``python -m shared.contracts``, or ``make proto``."""

import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

PACKAGE_DIR = Path(__file__).parent
PROTO_DIR = PACKAGE_DIR.parent.parent / "proto"


def main() -> None:
    """Write the messages and their type stubs, and for each owner and version a module that re-exports them."""
    shutil.rmtree(PACKAGE_DIR / "candor", ignore_errors=True)
    sources = sorted(str(path.relative_to(PROTO_DIR)) for path in PROTO_DIR.rglob("*.proto"))
    well_known = str(files("grpc_tools") / "_proto")
    compiler = [sys.executable, "-m", "grpc_tools.protoc", f"-I{PROTO_DIR}", f"-I{well_known}"]
    plugin = f"--plugin=protoc-gen-mypy={Path(sys.executable).parent / 'protoc-gen-mypy'}"
    subprocess.run(
        [*compiler, plugin, f"--python_out={PACKAGE_DIR}", f"--mypy_out={PACKAGE_DIR}", *sources], check=True
    )
    for stub in PACKAGE_DIR.glob("candor/**/*.pyi"):
        stub.write_text("# mypy: ignore-errors\n" + stub.read_text())
    for version in sorted({str(Path(source).parent) for source in sources}):
        _write_facade(version)


def _write_facade(version: str) -> None:
    """Write ``identity_v1.py`` for ``candor/identity/v1``."""
    _, owner, number = version.split("/")
    modules = sorted(path.stem for path in (PACKAGE_DIR / version).glob("*_pb2.py"))
    lines = [f'"""The messages of ``proto/{version}``. Generated: change the proto and run ``make proto``."""', ""]
    lines += [f"from shared.contracts.{version.replace('/', '.')}.{module} import *" for module in modules]
    (PACKAGE_DIR / f"{owner}_{number}.py").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
