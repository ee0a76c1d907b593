"""Who may look? Whoever reaches the address that the page listens on, and no page of another site through them.

Paper     none
Tutorial  tutorials/00_rag_in_one_page.py
Tests     tests/serve/test_server.py, tests/serve/test_page.py
"""

import errno
import socket
import warnings
from concurrent.futures import ThreadPoolExecutor

import uvicorn
from fastapi import FastAPI, Request, Response
from nicegui import ui
from starlette.middleware.base import RequestResponseEndpoint
from starlette.middleware.trustedhost import TrustedHostMiddleware

from minirag.serve.asking import Ask
from minirag.serve.folders import Folders
from minirag.serve.page import lay_out

HERE = ("127.0.0.1", "localhost")
HEADERS = {
    # A browser asks no other host for anything, whatever stands in a document. NiceGUI writes its own scripts inline.
    "Content-Security-Policy": "default-src 'self' 'unsafe-inline' 'unsafe-eval' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def listen(host: str, port: int) -> socket.socket:
    """Port 0: any that is free. ValueError: one that is taken or not allowed, a host that is not this machine."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ValueError(f"port {port} of {host} is in use; give another with --port") from None
        raise ValueError(f"cannot listen on {host}, port {port} ({error.strerror})") from None


def address(listening: socket.socket) -> str:
    """What a browser is told to open."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(listening: socket.socket, folders: Folders, ask: Ask) -> None:
    """Until Ctrl-C. One thread reads, one question after the other."""
    # NiceGUI looks for its server among all objects that Python collects; one of torch's complains when looked at.
    warnings.filterwarnings("ignore", "`torch.distributed.reduce_op` is deprecated", FutureWarning)
    worker = ThreadPoolExecutor(max_workers=1)
    ui.page("/")(lambda: lay_out(folders, ask, worker))
    settings = uvicorn.Config(application(listening), log_level="warning", timeout_graceful_shutdown=1)
    uvicorn.Server(settings).run(sockets=[listening])


def application(listening: socket.socket) -> FastAPI:
    """On this machine's own address only requests to that name are answered: another site cannot rename itself to it."""
    app = FastAPI(openapi_url=None)

    @app.middleware("http")
    async def with_headers(request: Request, call_next: RequestResponseEndpoint) -> Response:
        response = await call_next(request)
        response.headers.update(HEADERS)
        return response

    if listening.getsockname()[0] in HERE:
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(HERE))
    ui.run_with(
        app, title="minirag", favicon="📚", dark=None, language="en-US", tailwind=False, show_welcome_message=False
    )
    return app
