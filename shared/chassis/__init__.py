"""What is the same in every service: opens the parts, wires what all need, runs it, stops it within 25 seconds.

run("payments", read_settings, compose)
    open     database client · broker links · vault, outbox, post, asker          (nothing is waited for)
    compose  the service's own app.py: Chassis in, Parts out
    listen   /healthz at once; everything else once the parts are there
    start    prepare collections · the service's own preparation · whom to trust · then all tasks
    stop     not ready · stop accepting · finish requests · finish deliveries · flush · close
"""

from shared.chassis.parts import Chassis, Parts
from shared.chassis.run import run
from shared.chassis.serve import listening, until_stopped

__all__ = ["Chassis", "Parts", "listening", "run", "until_stopped"]
