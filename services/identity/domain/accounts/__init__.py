"""Sign-up, profile and change of the email address: values and rules."""
