"""sectxt reads security.txt (RFC 9116)."""

from dialog import ASKED, check, step
from sectxt import Parser


def read() -> None:
    parsed = Parser(ASKED["security_txt"].encode())
    check(parsed.is_valid(), str(parsed.errors))


step("security.txt", read)
