"""The routes of the human test and of the match, beside Gradio's."""

from __future__ import annotations

import asyncio
import json

from fastapi import FastAPI, Request
from fastapi.responses import Response

from gan_studio.judges.examiner import Examiner, Submission, TestRequest
from gan_studio.judges.human import PICTURES
from gan_studio.judges.referee import MatchRequest, Referee
from gan_studio.ui.encode import sheet_file
from gan_studio.ui.routes import NO_STORE, json_response, read_body, said, while_listening


def add_judge_routes(app: FastAPI, examiner: Examiner, referee: Referee) -> None:
    """Add ``/live/human/...`` and ``/live/match...`` to ``app``; must happen before Gradio is mounted at the root."""
    _add_human(app, examiner)
    _add_match(app, referee)


def _add_human(app: FastAPI, examiner: Examiner) -> None:
    @app.post("/live/human/begin")
    @said
    async def begin(request: Request) -> Response:
        """The twenty pictures as one sheet in the order of the test, and a ticket for the answers."""
        wanted = await read_body(request, TestRequest)
        ticket, test = await while_listening(request, examiner.begin(wanted))
        about = {
            "ticket": ticket,
            "test": test.id,
            "source": test.source,
            "dataset": test.dataset,
            "step": test.step,
            "seed": test.seed,
            "count": PICTURES,
        }
        headers = {**NO_STORE, "X-Test": json.dumps(about)}
        return Response(await sheet_file(test.images, PICTURES), media_type="image/png", headers=headers)

    @app.post("/live/human/answers")
    @said
    async def answers(request: Request) -> Response:
        submission = await read_body(request, Submission)
        return json_response(await asyncio.to_thread(examiner.hand_in, submission))

    @app.get("/live/human/result")
    @said
    async def result(ticket: str) -> Response:
        return json_response(await asyncio.to_thread(examiner.result, ticket))

    @app.get("/live/human/recent")
    async def recent() -> Response:
        return json_response(examiner.recent())


def _add_match(app: FastAPI, referee: Referee) -> None:
    @app.get("/live/match")
    async def progress() -> Response:
        return json_response(referee.progress.to_json())

    @app.post("/live/match")
    @said
    async def start(request: Request) -> Response:
        referee.start(await read_body(request, MatchRequest))
        return json_response(referee.progress.to_json())

    @app.post("/live/match/stop")
    async def stop() -> Response:
        referee.stop()
        return json_response(referee.progress.to_json())
