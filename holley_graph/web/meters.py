"""`/metrics`: what the door counts, in the text format of Prometheus."""

from __future__ import annotations

import time
from collections.abc import Iterator

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from holley_graph.web.admission import Admission
from holley_graph.web.health import Health, Watch
from holley_graph.web.refusals import UNKNOWN

SUMMARY = "what the door counts, for Prometheus"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
"""Upper ends of the histogram's bins."""
ELSEWHERE = "other"
"""The route of whatever has none: paths that strangers make up do not become labels."""
AGES = {"release": "since the release went live", "sync": "since the last sync", "data": "since the data's as-of"}


class Meters:
    """Counts answers by route and status, and measures how long they took."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.answers = Counter(
            "holley_graph_answers", "Answers by route and status.", ("route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "holley_graph_answer_seconds",
            "Seconds from a question's head to the end of its answer.",
            ("route",),
            buckets=SECONDS,
            registry=self.registry,
        )


class Metered:
    """The middleware that feeds the meters."""

    def __init__(self, app: ASGIApp, meters: Meters) -> None:
        self.app, self.meters = app, meters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and count it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def heard(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self.app(scope, receive, heard)
        finally:
            route = getattr(scope.get("route"), "path", ELSEWHERE)
            self.meters.answers.labels(route, str(status)).inc()
            self.meters.seconds.labels(route).observe(time.perf_counter() - began)


def router(meters: Meters, watch: Watch, admission: Admission) -> APIRouter:
    """Return the route."""
    routes = APIRouter()

    documented = UNKNOWN | {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}

    @routes.get("/metrics", summary=SUMMARY, response_class=Response, responses=documented)
    async def metrics() -> Response:
        text = generate_latest(meters.registry) + generate_latest(_Once(await watch.look(), admission))
        return PlainTextResponse(text, media_type="text/plain; version=1.0.0; charset=utf-8")

    return routes


class _Once(CollectorRegistry):
    """The figures that are read when they are asked for."""

    def __init__(self, health: Health, admission: Admission) -> None:
        super().__init__()
        self.health, self.admission = health, admission

    def collect(self) -> Iterator[Metric]:
        refused = CounterMetricFamily("holley_graph_refused", "Questions that were refused because of the crowd.")
        refused.add_metric((), self.admission.refused)
        yield refused
        up = GaugeMetricFamily("holley_graph_up", "1 while the graph answers and holds data.")
        up.add_metric((), float(self.health.status == "ok"))
        yield up
        live = GaugeMetricFamily("holley_graph_release", "1 for the release that is live.", labels=("run_id",))
        if self.health.release:
            live.add_metric((self.health.release,), 1)
        yield live
        for name, meaning in AGES.items():
            age = getattr(self.health, f"{name}_age_s")
            if age is not None:
                yield GaugeMetricFamily(f"holley_graph_{name}_age_seconds", f"Seconds {meaning}.", age)
