"""The page of the simulated bank: it stands in for a real bank's 3-D Secure page, on one machine only."""

from dataclasses import dataclass

from services.payments.errors import ChargeNotFoundError
from services.payments.ports import ProcessorRejectedError, SimulatedPayments


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedAuthenticationService:
    """Authenticates a customer, with the outcome that the test card asks for."""

    payments: SimulatedPayments

    async def authenticate(self, payment_id: str) -> str:
        """Authenticate the customer of a payment; return where the customer goes. Raises ChargeNotFoundError."""
        try:
            return await self.payments.authenticate(payment_id)
        except ProcessorRejectedError:
            raise ChargeNotFoundError from None
