"""What is the same in every service: opens the parts, wires what all need, runs it, stops it within 25 seconds.

run("payments", read_settings, compose)
    open     database client · broker links · vault, outbox, post, asker          (nothing is waited for)
    compose  the service's own app.py: Chassis in, Parts out
    listen   /healthz at once; everything else once the parts are there
    start    prepare collections · the service's own preparation · whom to trust · then all tasks
    stop     not ready · stop accepting · finish requests · finish deliveries · flush · close
"""

from shared.chassis.run import run
from shared.chassis.server import serve, wait_for_signal
from shared.chassis.spec import Chassis, ServiceSpec

__all__ = ["Chassis", "ServiceSpec", "run", "serve", "wait_for_signal"]
