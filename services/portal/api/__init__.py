"""The pages: parse, ask, render."""

from services.portal.api.account import AccountPages
from services.portal.api.cards import CardPages
from services.portal.api.frame import Frame, PageRoute
from services.portal.api.guard import Guard
from services.portal.api.newsletter import NewsletterPages
from services.portal.api.privacy import PrivacyPages
from services.portal.api.public import PublicPages
from services.portal.api.reference import ReferencePages
from services.portal.api.requests import RequestPages
from services.portal.api.staff import StaffPages
from services.portal.api.staff_acts import StaffActPages
from services.portal.api.staff_reports import StaffReportPages
from services.portal.api.statics import Statics
from services.portal.api.well_known import WellKnown

__all__ = [
    "AccountPages",
    "CardPages",
    "Frame",
    "Guard",
    "NewsletterPages",
    "PageRoute",
    "PrivacyPages",
    "PublicPages",
    "ReferencePages",
    "RequestPages",
    "StaffActPages",
    "StaffPages",
    "StaffReportPages",
    "Statics",
    "WellKnown",
]
