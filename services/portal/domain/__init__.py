"""Cookies, sessions, labels and the reference, as pages show them."""

from services.portal.domain.cookies import COOKIES, DEVICE, SESSION, SIGN_UP, Cookie
from services.portal.domain.error_catalog import ErrorPage, find_error_page, list_error_pages
from services.portal.domain.page_views import COUNTED_PAGES, is_counting_refused
from services.portal.domain.sessions import BrowserSession

__all__ = [
    "COOKIES",
    "COUNTED_PAGES",
    "DEVICE",
    "SESSION",
    "SIGN_UP",
    "BrowserSession",
    "Cookie",
    "ErrorPage",
    "find_error_page",
    "is_counting_refused",
    "list_error_pages",
]
