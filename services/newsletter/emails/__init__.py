"""The mails of the newsletter: the confirmation of a subscription, and campaigns."""
