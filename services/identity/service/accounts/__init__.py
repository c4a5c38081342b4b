"""Sign-up, profile and change of the email address: what is done."""
