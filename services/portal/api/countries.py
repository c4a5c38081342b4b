"""Names of countries."""

from iso3166 import countries


def country_name(code: str) -> str:
    """Return the English name of an ISO 3166 code; an unknown code unchanged."""
    found = countries.get(code, None)
    return found.apolitical_name if found else code
