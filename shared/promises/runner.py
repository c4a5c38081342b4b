"""Runs the probes of a service and publishes their findings as metrics and events."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from shared import observe
from shared.bus import Outbox
from shared.clock import Clock
from shared.contracts import common_v1
from shared.policy import PromiseState
from shared.promises.probe import Finding, Probe, unknown_finding

log = observe.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ProbeRunner:
    """Runs each of *probes* at once and then on its interval; each run is limited to *timeout*."""

    service: str
    probes: Sequence[Probe]
    outbox: Outbox
    clock: Clock
    interval: timedelta
    timeout: timedelta = timedelta(seconds=20)

    def __post_init__(self) -> None:
        ids = [probe.promise_id for probe in self.probes]
        if duplicates := {one for one in ids if ids.count(one) > 1}:
            # The second finding would overwrite the first.
            raise ValueError(f"{self.service} has two probes of {', '.join(sorted(duplicates))}: merge them")

    async def run(self) -> None:
        """Run the probes until cancelled, then set each promise to unknown."""
        try:
            async with asyncio.TaskGroup() as group:
                for probe in self.probes:
                    group.create_task(self._run_probe_forever(probe), name=f"probe-{probe.promise_id}")
        finally:
            for probe in self.probes:
                self._set_state_gauge(probe, PromiseState.UNKNOWN)

    async def run_probe(self, probe: Probe) -> Finding:
        """Run *probe* once; an error or a timeout is an unknown finding."""
        limit = self.timeout.total_seconds()
        # gather() returns any exception without a broad except clause.
        [outcome] = await asyncio.gather(asyncio.wait_for(probe.check(), limit), return_exceptions=True)
        if isinstance(outcome, Finding):
            return outcome
        log.warning("promise.probe_failed", promise=probe.promise_id, exc_info=outcome)
        return unknown_finding(f"the probe failed: {type(outcome).__name__}")

    async def _run_probe_forever(self, probe: Probe) -> None:
        while True:
            finding = await self.run_probe(probe)
            self._set_state_gauge(probe, finding.state)
            if finding.state is not PromiseState.UNKNOWN:
                self._set_checked_gauge(probe)
            await self._publish_result(probe, finding)
            await asyncio.sleep((probe.interval or self.interval).total_seconds())

    def _set_state_gauge(self, probe: Probe, state: PromiseState) -> None:
        about = "1 for the state that the promise is in, 0 for the others."
        gauge = observe.gauge("candor_promise_state", about, ("id", "service", "state"))
        for each in PromiseState:
            gauge.labels(id=probe.promise_id, service=self.service, state=each).set(each is state)

    def _set_checked_gauge(self, probe: Probe) -> None:
        about = "When the promise was last found kept or broken."
        gauge = observe.gauge("candor_promise_last_checked_timestamp_seconds", about, ("id", "service"))
        gauge.labels(id=probe.promise_id, service=self.service).set(self.clock().timestamp())

    async def _publish_result(self, probe: Probe, finding: Finding) -> None:
        if finding.state is PromiseState.BROKEN:
            log.error("promise.broken", promise=probe.promise_id, evidence=finding.evidence)
        event = common_v1.PromiseChecked(
            promise_id=probe.promise_id,
            state=finding.state,
            sample_size=finding.sample_size,
            evidence=finding.evidence,
        )
        event.checked_at.FromDatetime(self.clock())
        await self.outbox.put(event, subject=probe.promise_id)
