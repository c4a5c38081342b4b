"""The composition of the parts of telemetry."""
