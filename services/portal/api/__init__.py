"""The pages: parse the form, call the API, render."""

from services.portal.api.abuse_reports import AbuseReportPages
from services.portal.api.authorize import AuthorizePages
from services.portal.api.cards import CardPages
from services.portal.api.csrf import CsrfProtection
from services.portal.api.email_links import EMAIL_LINK_PAGES
from services.portal.api.files import FilePages
from services.portal.api.login import LoginPages
from services.portal.api.middleware import PageMiddleware, PageRoute
from services.portal.api.newsletter import NewsletterPages
from services.portal.api.newsletter_archive import NewsletterArchivePages
from services.portal.api.passwords import PasswordPages
from services.portal.api.payments import PaymentPages
from services.portal.api.privacy import PrivacyPages
from services.portal.api.privacy_requests import PrivacyRequestPages
from services.portal.api.public import PublicPages
from services.portal.api.reference import ReferencePages
from services.portal.api.second_factors import SecondFactorPages
from services.portal.api.security import SecurityPages
from services.portal.api.sign_up import SignUpPages
from services.portal.api.staff import StaffPages
from services.portal.api.staff_actions import StaffActionPages
from services.portal.api.staff_payments import StaffPaymentPages
from services.portal.api.staff_reports import StaffReportPages
from services.portal.api.static_files import StaticFiles
from services.portal.api.statistics import StatisticsPages
from services.portal.api.step_up import StepUpPages
from services.portal.api.usage import UsagePages
from services.portal.api.well_known import WellKnownPages

__all__ = [
    "EMAIL_LINK_PAGES",
    "AbuseReportPages",
    "AuthorizePages",
    "CardPages",
    "CsrfProtection",
    "FilePages",
    "LoginPages",
    "NewsletterArchivePages",
    "NewsletterPages",
    "PageMiddleware",
    "PageRoute",
    "PasswordPages",
    "PaymentPages",
    "PrivacyPages",
    "PrivacyRequestPages",
    "PublicPages",
    "ReferencePages",
    "SecondFactorPages",
    "SecurityPages",
    "SignUpPages",
    "StaffActionPages",
    "StaffPages",
    "StaffPaymentPages",
    "StaffReportPages",
    "StaticFiles",
    "StatisticsPages",
    "StepUpPages",
    "UsagePages",
    "WellKnownPages",
]
