"""The messages of ``proto/candor/newsletter/v1``. Generated: change the proto and run ``make proto``."""

from shared.contracts.candor.newsletter.v1.events_pb2 import *
