"""The books of a charge: what its journal says beside what the charge, its refunds and its disputes say."""

from collections.abc import Iterable

from services.payments.domain.charges import Charge
from services.payments.domain.disputes import Dispute
from services.payments.domain.journal import BookedCharge, JournalEntry, find_differences
from services.payments.domain.refunds import Refund, RefundKind, RefundState


def find_charge_differences(
    charge: Charge, refunds: Iterable[Refund], disputes: Iterable[Dispute], entries: Iterable[JournalEntry]
) -> list[str]:
    """Return, in one phrase each, where the journal, the refunds and disputes of *charge* and the charge disagree."""
    refunds, disputes = list(refunds), list(disputes)
    succeeded = [refund for refund in refunds if refund.state is RefundState.SUCCEEDED]
    booked = BookedCharge(
        charge_id=charge.charge_id,
        currency=charge.price.currency,
        held=charge.amount_authorized - charge.amount_captured - charge.amount_released,
        captured=charge.amount_captured,
        refunded=sum(one.price.amount for one in succeeded if one.kind is RefundKind.REFUND),
        credited=sum(one.price.amount for one in succeeded if one.kind is RefundKind.CREDIT),
        disputed=sum(dispute.amount_open for dispute in disputes),
        lost=sum(dispute.amount_lost for dispute in disputes),
    )
    reserved = sum(one.price.amount for one in refunds if one.state in (RefundState.SUCCEEDED, RefundState.PENDING))
    found = list(find_differences(booked, entries))
    if charge.amount_refunded != reserved:
        found.append(f"{charge.charge_id}: its refunds total {reserved}, not {charge.amount_refunded}")
    return found
