"""The messages of ``proto/candor/payments/v1``. Generated: change the proto and run ``make proto``."""

from shared.contracts.candor.payments.v1.events_pb2 import *
