"""Telemetry owns the tokens that prove an opt-in, the reports of open weeks and the public statistics."""
