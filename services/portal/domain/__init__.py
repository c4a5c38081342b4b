"""What pages show: cookies, sessions, the reference, the words for what is stored."""

from services.portal.domain.cookies import COOKIES, DEVICE, SESSION, SIGN_UP, Cookie
from services.portal.domain.error_catalog import ErrorPage, find_error_page, list_error_pages
from services.portal.domain.sessions import BrowserSession

__all__ = [
    "COOKIES",
    "DEVICE",
    "SESSION",
    "SIGN_UP",
    "BrowserSession",
    "Cookie",
    "ErrorPage",
    "find_error_page",
    "list_error_pages",
]
