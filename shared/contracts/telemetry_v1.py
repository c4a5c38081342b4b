"""The messages of ``proto/candor/telemetry/v1``. Generated: change the proto and run ``make proto``."""

from shared.contracts.candor.telemetry.v1.events_pb2 import *
