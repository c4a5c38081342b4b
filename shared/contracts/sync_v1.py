"""The messages of ``proto/candor/sync/v1``. Generated: change the proto and run ``make proto``."""

from shared.contracts.candor.sync.v1.events_pb2 import *
