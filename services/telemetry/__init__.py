"""Telemetry owns opt-ins by installation, reports and the public statistics made of them; it knows no account."""
