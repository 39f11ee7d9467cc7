"""The application: every route behind the token, but for those that say what there is and whether it works."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI

from holley_graph.errors import HolleyGraphError
from holley_graph.graph.reader import Reader
from holley_graph.rules import text
from holley_graph.settings import Settings
from holley_graph.web import document, enter, health, history, lookup, meters, statements
from holley_graph.web.admission import Admission
from holley_graph.web.door import Door
from holley_graph.web.entrance import shown
from holley_graph.web.meters import Meters
from holley_graph.web.refusals import refusal


def build(reader: Reader, settings: Settings, token: str) -> FastAPI:
    """Return the application.

    Args:
        reader: connections that only read.
        settings: limits, and defaults of parameters.
        token: what every caller has to show.

    Raises:
        SettingsError: marketing's rules are not understood.
    """
    text.read(settings.recommend.rules_file)
    counted = Meters()
    door = Door(reader, settings, token, Admission(settings.serve.connections, settings.serve.wait_s))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Admission]]:
        yield {"admission": door.admission}
        await reader.close()

    # FastAPI's own page of the document would load scripts from elsewhere
    app = FastAPI(title="holley-graph", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.add_exception_handler(HolleyGraphError, refusal)
    app.add_middleware(meters.Metered, meters=counted)
    admitted = [Depends(shown(token))]
    app.include_router(statements.router(door), dependencies=admitted)
    watch = health.Watch(door)
    app.include_router(health.router(watch))
    app.include_router(meters.router(counted, watch, door.admission), dependencies=admitted)
    app.include_router(document.router(app))
    app.include_router(enter.router(token))
    app.include_router(lookup.router(door, watch))
    app.include_router(history.router(door))
    return app
