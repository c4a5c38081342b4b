"""The messages of ``proto/candor/disclosure/v1``. Generated: change the proto and run ``make proto``."""

from shared.contracts.candor.disclosure.v1.events_pb2 import *
from shared.contracts.candor.disclosure.v1.rpc_pb2 import *
