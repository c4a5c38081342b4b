"""The runtime common to all services: opens the parts, wires and runs the service, stops it within 25 seconds.

run("payments", read_settings, compose)
    open     database client · broker connections · vault, outbox, mail queue, RPC client   (nothing is waited for)
    compose  the service's own app.py: Chassis in, ServiceSpec out
    listen   /healthz at once; all other routes once the parts answer
    start    create or update collections · on_startup · signing keys · then all workers
    stop     report not ready · stop accepting · finish requests · finish deliveries · flush · close
"""

from shared.chassis.run import run
from shared.chassis.server import serve, wait_for_signal
from shared.chassis.spec import Chassis, ServiceSpec

__all__ = ["Chassis", "ServiceSpec", "run", "serve", "wait_for_signal"]
