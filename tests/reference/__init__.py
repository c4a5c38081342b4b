"""The generated reference: a page for each service with its routes, events, procedures, settings and error codes."""
