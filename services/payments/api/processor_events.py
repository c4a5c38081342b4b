"""The webhook of the processor."""

from dataclasses import dataclass

from services.payments.errors import InvalidEventError
from services.payments.service import ProcessorEventService
from shared.web import PUBLIC, RequestContext, Route, post, read_body

MAX_EVENT_SIZE = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessorEventsApi:
    """The handler of the processor's events."""

    event_service: ProcessorEventService

    def build_routes(self) -> tuple[Route, ...]:
        """Return the route of the webhook."""
        return (
            post(
                "/v1/payments/processor-events",
                self.receive_processor_event,
                access=PUBLIC,
                status=204,
                summary="Receive an event of the card processor",
                errors=(InvalidEventError,),
            ),
        )

    async def receive_processor_event(self, call: RequestContext) -> None:
        """Receive a signed event; the answer 204 means that it is applied, or stored to be applied later."""
        body = await read_body(call.request, limit=MAX_EVENT_SIZE)
        await self.event_service.receive_event(body, call.get_header("Stripe-Signature") or "", at=call.now)
