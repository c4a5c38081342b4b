"""What countries are called."""

from iso3166 import countries


def country_name(code: str) -> str:
    """Return the name of a country: ``Austria`` for ``AT``; a code that is no country's as it is."""
    found = countries.get(code, None)
    return found.apolitical_name if found else code
