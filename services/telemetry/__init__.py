"""Telemetry owns opt-ins by installation, usage reports and the public statistics. It stores no account."""
