"""What a program says of itself, and the closed values that a report may hold. Equal to the receiver's lists."""

import locale
import platform
import sys
from typing import NamedTuple

from candor_telemetry.environment import Kind

QUESTION_VERSION = 2
QUESTION_TEXT = (
    "May this program send a report about its use once a week? It contains nothing that identifies you or this "
    "device, and no two of its reports can be linked."
)
RECEIVER_ADDS = "Nothing. The report names its ISO week; no finer time and no address is stored."
BUCKETS = (
    (0, "0"),
    (1, "1 to 2"),
    (3, "3 to 9"),
    (10, "10 to 29"),
    (30, "30 to 99"),
    (100, "100 to 299"),
    (300, "300 or more"),
)
OTHER = "other"
LOCALES = ("de", "en", "es", "fr", "it", "ja", "ko", "nl", "pt", "ru", "zh")
MACOS_VERSIONS = ("14", "15", "26")


class Program(NamedTuple):
    """A program, as its makers describe it."""

    name: str
    version: str
    """Major and minor, as on the receiver's list; ``other`` when it is not there yet."""
    features: tuple[str, ...]
    """The features whose use is counted."""
    kind: Kind = Kind.COMMAND_LINE


def bucket_label(count: int) -> str:
    """Return the range that contains *count*; the exact number stays on the device."""
    return next(label for edge, label in reversed(BUCKETS) if edge <= max(count, 0))


def system_name() -> str:
    """Return the operating system by its major version."""
    if sys.platform == "darwin":
        major = platform.mac_ver()[0].split(".")[0]
        return f"macos-{major}" if major in MACOS_VERSIONS else OTHER
    if sys.platform == "win32" and sys.getwindowsversion().build >= 22_000:
        return "windows-11"
    return OTHER


def language_name() -> str:
    """Return the language without its country."""
    language = (locale.getlocale()[0] or "").split("_")[0]
    return language if language in LOCALES else OTHER
