"""Loads and renders the templates."""

from shared.mail import EmailTemplates

TEMPLATES = EmailTemplates("services.newsletter.emails")
