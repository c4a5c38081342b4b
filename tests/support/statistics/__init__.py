"""An attack on public statistics: worlds with and without one installation, right and wrong releases."""
