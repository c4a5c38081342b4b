"""Refunds and credits: decided by staff, carried out at the processor, settled by what it reports."""

from services.payments.service.refunds.decisions import RefundOrder, RefundService
from services.payments.service.refunds.execution import RefundExecutor
from services.payments.service.refunds.requests import RefundRequests
from services.payments.service.refunds.settlement import RefundSettler

__all__ = ["RefundExecutor", "RefundOrder", "RefundRequests", "RefundService", "RefundSettler"]
