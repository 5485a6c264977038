"""The server: one FastAPI application with the live routes and Gradio, and its life from start to signal."""

from __future__ import annotations

import gc
import os
import socket
import sys
import tempfile
import threading
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NoReturn

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # else the server asks two other hosts at start

import gradio as gr
import uvicorn
from fastapi import FastAPI
from starlette.middleware import Middleware

from gan_studio.data.uploads import MOST_BYTES
from gan_studio.errors import StudioError
from gan_studio.explorer import Explorer
from gan_studio.into.comparer import Comparer
from gan_studio.into.finder import Finder
from gan_studio.judges.examiner import Examiner
from gan_studio.judges.player import HeldOut
from gan_studio.judges.referee import Referee
from gan_studio.metrics.inception import check_file
from gan_studio.quality import QualityMonitor
from gan_studio.session import Session, SessionClosed
from gan_studio.training.device import use_threads
from gan_studio.training.memory import limit_memory, without_limit
from gan_studio.ui.arithmetic_routes import add_arithmetic_routes
from gan_studio.ui.directions_routes import add_directions_routes
from gan_studio.ui.early import EarlyHead
from gan_studio.ui.find_routes import add_find_routes
from gan_studio.ui.guard import OriginGuard
from gan_studio.ui.honest_routes import add_honest_routes
from gan_studio.ui.inside_routes import add_inside_routes
from gan_studio.ui.judge_routes import add_judge_routes
from gan_studio.ui.map_routes import add_map_routes
from gan_studio.ui.page import STATIC, build_page, head, theme, translations
from gan_studio.ui.past_routes import add_past_routes
from gan_studio.ui.paths_routes import add_paths_routes
from gan_studio.ui.routes import add_drawing_routes, add_live_routes
from gan_studio.ui.stream import Hub
from gan_studio.ui.train_tab import default_config
from gan_studio.ui.visitors import Visitors
from gan_studio.worker import Worker

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 7860
_PORTS_TRIED = 40
CLOSE_SECONDS = 1.5
"""How long the end of the app waits for the step in progress and for the checkpoint."""
_WARM_UP_AFTER = 4.0
"""Seconds that belong to the first page: warming up at the same time would keep it from the browser for a second."""
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def build_app(
    session: Session, hub: Hub, *, device: str | None = None, inception: Path | None = None, local_only: bool = False
) -> FastAPI:
    """The whole web application of ``session``; ``hub`` must receive the session's snapshots."""
    monitor, worker, real = QualityMonitor(session, inception), Worker(session), HeldOut(session.data_dir)
    studies = Worker(session, share=0.5)
    explorer = Explorer(session, worker, studies)
    finder, comparer = Finder(explorer), Comparer(session, explorer)
    examiner, referee = Examiner(session, worker, real), Referee(session, studies, real)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        hub.attach(session.snapshot)
        yield
        hub.close()
        referee.stop()
        examiner.close()
        comparer.close()
        session.close(CLOSE_SECONDS)  # here, because uvicorn repeats SIGTERM afterwards, and that ends the process
        worker.close()
        studies.close()
        monitor.close()

    middleware = [
        Middleware(OriginGuard, local_only=local_only),
        Middleware(Visitors),
        Middleware(EarlyHead, html=head()),
    ]
    app = FastAPI(lifespan=lifespan, middleware=middleware, docs_url=None, redoc_url=None, openapi_url=None)
    add_live_routes(app, hub, monitor)
    add_drawing_routes(app, explorer)
    add_past_routes(app, session)
    add_judge_routes(app, examiner, referee)
    add_paths_routes(app, explorer, real)
    add_directions_routes(app, explorer)
    add_arithmetic_routes(app, explorer)
    add_map_routes(app, explorer, real, comparer)
    add_find_routes(app, explorer, finder, real)
    add_inside_routes(app, explorer)
    add_honest_routes(app, explorer, comparer)
    i18n = translations()
    page = build_page(session, monitor, i18n, device)
    # Gradio's idle queue wakes eleven hundred times a second, and each time takes Python away from training.
    # No control here uses the queue.
    page._queue.sleep_when_free = page._queue.progress_update_sleep_when_free = 60
    mounted = gr.mount_gradio_app(
        app,
        page,
        path="/",
        theme=theme(),
        css_paths=sorted(STATIC.glob("*.css"), reverse=True),
        i18n=i18n,
        run_history=False,
        show_error=False,
        max_file_size=MOST_BYTES,
        footer_links=[],  # Gradio's settings would change the language of its own controls only
        ssr_mode=False,
    )
    # Only a launched page makes Gradio check that a file named in a request is one that was uploaded, and not
    # any other file of this computer; mounting does not count as launching.
    page.has_launched = True
    return mounted


class StudioServer(uvicorn.Server):
    """Ends the live streams as soon as a signal arrives; an open stream would hold the server up."""

    def __init__(self, config: uvicorn.Config, hub: Hub):
        super().__init__(config)
        self._hub = hub

    def handle_exit(self, sig: int, frame: object) -> None:
        self._hub.close()
        super().handle_exit(sig, frame)


def make_server(app: FastAPI, hub: Hub) -> StudioServer:
    """A server for ``app`` that ends within two seconds of being told to."""
    return StudioServer(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1), hub)


def open_socket(host: str, port: int | None) -> socket.socket:
    """A bound socket on ``port``, or on the first free port from :data:`DEFAULT_PORT`.

    Raises :class:`StudioError` where the address is unknown or taken.
    """
    ports = [port] if port is not None else range(DEFAULT_PORT, DEFAULT_PORT + _PORTS_TRIED)
    for number in ports:
        try:
            family = socket.getaddrinfo(host, number, type=socket.SOCK_STREAM)[0][0]
            listener = socket.create_server((host, number), family=family, backlog=256)
            # asyncio sees to this only for sockets that name their protocol, and an answer's body would wait 40 ms.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return listener
        except OSError as error:
            last = error
    raise StudioError(f"cannot listen on {host} port {ports[0]}: {last}; choose another with --host and --port")


def serve(
    *,
    host: str | None = None,
    port: int | None = None,
    share: bool = False,
    device: str | None = None,
    checkpoints: Path = Path("checkpoints"),
    data_dir: Path | None = None,
    inception: Path | None = None,
) -> NoReturn:
    """Serve the page until a signal, and end the process. ``inception``: a file with that network's weights.

    ``GRADIO_SERVER_NAME`` and ``GRADIO_SERVER_PORT`` stand in for ``host`` and ``port``, as on Hugging Face Spaces.
    """
    host = host or os.environ.get("GRADIO_SERVER_NAME") or DEFAULT_HOST
    port = port if port is not None else _port_from_environment()
    _need_folder(checkpoints)
    if inception is not None:
        check_file(inception)
    listener = open_socket(host, port)
    hub = Hub()
    session = Session(checkpoints.resolve(), data_dir, on_snapshot=hub.publish)
    use_threads(1)  # all others than the session's
    try:
        app = build_app(session, hub, device=device, inception=inception, local_only=host in _LOOPBACK and not share)
        server = make_server(app, hub)
        number = listener.getsockname()[1]
        _announce(host, number, share)
        limit_memory()
        warm_up = threading.Timer(_WARM_UP_AFTER, _warm_up, (session, device))
        warm_up.daemon = True
        warm_up.start()
        gc.freeze()  # what is there now stays: the collector need not look at it while training
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        pass  # uvicorn has ended in order and only repeats the signal
    finally:
        hub.close()
        ended = session.close(0)
    sys.stdout.flush()
    # Not in order: the interpreter would wait for a study of half a minute, and no thread may outlive it in PyTorch.
    os._exit(0 if ended else 1)


def _need_folder(checkpoints: Path) -> None:
    """Find out before a run that it could not be saved."""
    try:
        checkpoints.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=checkpoints):
            pass
    except OSError as error:
        raise StudioError(
            f"--checkpoints {checkpoints}: runs cannot be saved there ({error}); name another folder"
        ) from None


def _port_from_environment() -> int | None:
    text = os.environ.get("GRADIO_SERVER_PORT")
    return int(text) if text and text.isdigit() else None


def _announce(host: str, port: int, share: bool) -> None:
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{port}"
    print(f"GAN Studio is at {address}   (Ctrl-C ends it and saves the run)", flush=True)
    if share:
        print(f"and for everybody at {_public_address(port)}", flush=True)
    if sys.stdout.isatty() and _has_screen():
        threading.Timer(1.0, _open_browser, [address]).start()


def _open_browser(address: str) -> None:
    with without_limit():  # the browser would keep this process's for its life
        webbrowser.open(address)


def _has_screen() -> bool:
    if os.environ.get("SSH_CONNECTION"):
        return False
    return sys.platform in ("win32", "darwin") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _public_address(port: int) -> str:
    import secrets

    from gradio.networking import setup_tunnel

    try:
        return setup_tunnel("127.0.0.1", port, secrets.token_urlsafe(32), None, None)
    except Exception as error:  # the tunnel's own errors are of many kinds: no network, no binary, no server
        raise StudioError(f"--share needs the internet, and no public address could be made: {error}") from None


def _warm_up(session: Session, device: str | None) -> None:
    """Do slow first-time work before the first visitor needs it."""
    import matplotlib.figure  # noqa: F401 (Gradio imports it inside its first event)

    if session.snapshot.state != "empty":  # somebody was quicker
        return
    try:
        session.warm_up(default_config(device))
    except SessionClosed:
        return
    except StudioError as error:
        print(f"gan-studio: {error}", file=sys.stderr)
