"""Builds the images without a registry, and loads them into the cluster."""

import json
import shutil
import sys
from pathlib import Path

from shared.release import RELEASE
from shared.stack.parts import edge
from tests.architecture.tree import ROOT
from tests.cluster.cluster import SCRIPT, cluster, run

VERSION = RELEASE
NEXT = f"{RELEASE}.1"
FOLDER = ROOT / "build/cluster"
IMAGES = "tests/cluster/images"
BASES = {
    "localhost/base:1": "python3,python3-venv,ca-certificates",
    "localhost/builder:1": "python3,python3-venv,binutils,ca-certificates",
    "localhost/rabbit-base:1": "rabbitmq-server,ca-certificates",
}
OTHERS = {
    f"localhost/candor:{NEXT}": "Next.Dockerfile",
    "localhost/candor-edge:1": "Edge.Dockerfile",
    "localhost/candor-mongo:1": "Mongo.Dockerfile",
    "localhost/candor-rabbitmq:1": "Rabbit.Dockerfile",
}


def build_all() -> list[tuple[str, str]]:
    """Build and load every image; return the size of each, and how much of it is ours."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, packages in BASES.items():
        _base(name, packages)
    _wheels("requirements.lock", ROOT / "build/wheels")
    _wheels("requirements-dev.lock", ROOT / "build/wheels", only=("aiosmtpd", "atpublic"))
    _wheels("requirements-mongo.lock", FOLDER / "mongo-wheels", prerelease=True)
    shutil.copy(str(edge.find_binary()), FOLDER / "envoy")
    _build(f"localhost/candor:{VERSION}", "Dockerfile", "--target", "service")
    (FOLDER / "release.py").write_text((ROOT / "shared/release.py").read_text().replace(VERSION, NEXT))
    _build(f"localhost/candor-dev:{VERSION}", "Dockerfile", "--target", "dev")
    for name, file in OTHERS.items():
        args = ["--build-arg", f"SERVICES=localhost/candor:{VERSION}"] if name.startswith("localhost/candor:") else []
        _build(name, f"{IMAGES}/{file}", "--ignorefile", f"{IMAGES}/nothing.dockerignore", *args, base=None)
    for image in (
        f"localhost/candor:{VERSION}",
        f"localhost/candor:{NEXT}",
        f"localhost/candor-dev:{VERSION}",
        *OTHERS,
    ):
        _load(image)
    return [
        ("image of the services", _sizes(f"localhost/candor:{VERSION}")),
        ("proxy", run(str(FOLDER / "envoy"), "--version").partition("version: ")[2].split("/")[1]),
        ("RabbitMQ", run("dpkg-query", "-W", "-f", "${Version}", "rabbitmq-server")),
        ("MongoDB's wire", _locked("requirements-mongo.lock", "secantusdb")),
    ]


def _locked(lock: str, package: str) -> str:
    """Return a package with its version, as a lock file names it."""
    return next(line.split()[0] for line in (ROOT / lock).read_text().splitlines() if line.lower().startswith(package))


def _base(name: str, packages: str) -> None:
    if name in run("buildah", "images", "--format", "{{.Name}}:{{.Tag}}").split():
        return
    rootfs, archive = FOLDER / "rootfs.tar", FOLDER / "base.tar"
    mirror = run("apt-get", "indextargets", "--format", "$(REPO_URI)", "Codename: bookworm").split()[0]
    run("mmdebstrap", "--quiet", "--variant=minbase", f"--include={packages}", "bookworm", str(rootfs), mirror)
    run(sys.executable, str(SCRIPT.with_name("mkimage.py")), str(archive), name, str(rootfs))
    run("buildah", "pull", f"docker-archive:{archive}")
    rootfs.unlink()
    archive.unlink()


def _wheels(lock: str, folder: Path, *, only: tuple[str, ...] = (), prerelease: bool = False) -> None:
    """Fetch what a lock names, by its hashes, before the build, which has no network of its own."""
    stamp = folder / f".{lock}"
    wanted = (ROOT / lock).read_text()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    chosen = FOLDER / lock
    blocks = wanted.split("\n")
    chosen.write_text("\n".join(_only(blocks, only)) if only else wanted)
    pip = [sys.executable, "-m", "pip", "download", "--quiet"]
    pip += ["--require-hashes", "--no-deps", "--only-binary", ":all:"]
    run(*pip, *(["--pre"] if prerelease else []), "--dest", str(folder), "--requirement", str(chosen))
    stamp.write_text(wanted)


def _only(lines: list[str], names: tuple[str, ...]) -> list[str]:
    """Return the blocks of a lock file that pin *names*."""
    kept, keeping = [], False
    for line in lines:
        if line[:1].isalpha():
            keeping = line.partition("==")[0] in names
        if keeping and not line.startswith("    #"):
            kept.append(line)
    return kept


def _build(image: str, file: str, *arguments: str, base: str | None = "localhost/base:1") -> None:
    bases = ["--build-arg", f"BASE={base}", "--build-arg", "BUILDER=localhost/builder:1"] if base else []
    offline = ["--build-arg", "PIP_ARGS=--no-index --find-links /wheels"]
    isolated = ["--isolation", "chroot", "--pull-never", "--network", "host", "--timestamp", "0"]
    run("buildah", "bud", "--quiet", *isolated, *bases, *offline, *arguments, "--tag", image, "--file", file, ".")


def _load(image: str) -> None:
    archive = FOLDER / "image.tar"
    archive.unlink(missing_ok=True)
    run("buildah", "push", "--quiet", image, f"docker-archive:{archive}:{image}")
    cluster("load-image", str(archive))
    archive.unlink()


def _sizes(image: str) -> str:
    """Return the size of *image*, and of what lies above its base."""
    whole, base = _megabytes(image), _megabytes("localhost/base:1")
    return f"{whole:.0f} MB, of which {whole - base:.0f} MB are above the base"


def _megabytes(image: str) -> float:
    number, unit = json.loads(run("buildah", "images", "--json", image))[0]["size"].split()
    return float(number) * {"MB": 1, "GB": 1000}[unit]
