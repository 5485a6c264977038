"""The live route of the run's past: at which steps its weights are kept."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.responses import JSONResponse

from gan_studio.session import Session
from gan_studio.ui.routes import NO_STORE


def add_past_routes(app: FastAPI, session: Session) -> None:
    """Add ``/live/past`` to ``app``; must happen before Gradio is mounted at the root."""

    @app.get("/live/past")
    async def past() -> JSONResponse:
        """``steps`` in order, of run ``run``; from step ``next`` on it is worth asking again."""
        past = session.past
        kept = past.kept
        run = kept[0].copy.run_id if kept else ""
        return JSONResponse(
            {"run": run, "steps": [each.step for each in kept], "next": past.next_step}, headers=NO_STORE
        )
