"""The email of disclosure: the notice to an account whose data was disclosed."""

from services.disclosure.emails.case_notice import NOTICE_KIND, build_case_notice, case_basis

__all__ = ["NOTICE_KIND", "build_case_notice", "case_basis"]
