"""The pages: parse, ask, render."""

from services.portal.api.account import AccountPages
from services.portal.api.authorize import AuthorizePages
from services.portal.api.cards import CardPages
from services.portal.api.confirm import ConfirmPages
from services.portal.api.factors import FactorPages
from services.portal.api.files import FilePages
from services.portal.api.frame import Frame, PageRoute
from services.portal.api.guard import Guard
from services.portal.api.links import MAIL_LINKS
from services.portal.api.log_in import LogInPages
from services.portal.api.newsletter import NewsletterPages
from services.portal.api.passwords import PasswordPages
from services.portal.api.privacy import PrivacyPages
from services.portal.api.public import PublicPages
from services.portal.api.reference import ReferencePages
from services.portal.api.reports import ReportPages
from services.portal.api.requests import RequestPages
from services.portal.api.security import SecurityPages
from services.portal.api.staff import StaffPages
from services.portal.api.staff_acts import StaffActPages
from services.portal.api.staff_reports import StaffReportPages
from services.portal.api.statics import Statics
from services.portal.api.well_known import WellKnown

__all__ = [
    "MAIL_LINKS",
    "AccountPages",
    "AuthorizePages",
    "CardPages",
    "ConfirmPages",
    "FactorPages",
    "FilePages",
    "Frame",
    "Guard",
    "LogInPages",
    "NewsletterPages",
    "PageRoute",
    "PasswordPages",
    "PrivacyPages",
    "PublicPages",
    "ReferencePages",
    "ReportPages",
    "RequestPages",
    "SecurityPages",
    "StaffActPages",
    "StaffPages",
    "StaffReportPages",
    "Statics",
    "WellKnown",
]
