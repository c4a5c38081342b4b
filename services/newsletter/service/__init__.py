"""What newsletter does: joining, leaving, sending, and handing over what is held."""

from services.newsletter.service.holdings import Holdings
from services.newsletter.service.joining import Joining
from services.newsletter.service.leaving import Leaving
from services.newsletter.service.letters import CAMPAIGN, CONFIRMATION, Letters
from services.newsletter.service.sending import Sending

__all__ = ["CAMPAIGN", "CONFIRMATION", "Holdings", "Joining", "Leaving", "Letters", "Sending"]
