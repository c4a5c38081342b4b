"""The local stack: installs what it needs, runs the parts and every service on one machine; no service imports it."""
