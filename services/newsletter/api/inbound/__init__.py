"""Mail that comes in: over SMTP, and the staff's view of it over HTTP."""
