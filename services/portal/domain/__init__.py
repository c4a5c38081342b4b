"""What pages show: cookies, sessions, the reference, the words for what is stored."""

from services.portal.domain.catalogue import ErrorPage, error_page, error_pages
from services.portal.domain.cookies import DEVICE, REGISTER, SESSION, SIGN_UP, Cookie
from services.portal.domain.sessions import Session

__all__ = [
    "DEVICE",
    "REGISTER",
    "SESSION",
    "SIGN_UP",
    "Cookie",
    "ErrorPage",
    "Session",
    "error_page",
    "error_pages",
]
