"""The local stack: installs its dependencies and runs every part and service on one machine. No service imports it."""
