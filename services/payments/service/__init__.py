"""What payments does, one module for each thing that it owns."""

from services.payments.service.own_data import BOOKS_KEPT, OwnData
from services.payments.service.refunds import RefundDesk
from services.payments.service.till import Order, Till
from services.payments.service.wallet import Wallet

__all__ = ["BOOKS_KEPT", "Order", "OwnData", "RefundDesk", "Till", "Wallet"]
