"""Listens until it is told to stop."""

from __future__ import annotations

import ipaddress
import socket

import uvicorn
from fastapi import FastAPI

from holley_graph.errors import PortTaken, SettingsError
from holley_graph.graph.client import Address
from holley_graph.graph.reader import Reader
from holley_graph.settings import Settings
from holley_graph.web.app import build
from holley_graph.web.connection import HttpConnection
from holley_graph.web.token import token


def serve(settings: Settings, address: Address) -> None:
    """Serve until interrupted.

    Raises:
        SettingsError: the host is off loopback and plain text is not permitted.
        PortTaken: somebody listens there.
        AuthFailed: the token cannot be read.
    """
    refuse_plaintext(settings)
    chosen = settings.serve
    reader = Reader(address, chosen.timeout_s, chosen.connections, chosen.max_rows)
    app = build(reader, settings, token(settings))
    family = socket.AF_INET6 if ":" in chosen.host else socket.AF_INET
    # named TCP, or asyncio leaves Nagle's algorithm on and every answer waits 40 ms for an acknowledgement
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((chosen.host, chosen.port))
        except OSError as error:
            raise PortTaken(f"{chosen.host}:{chosen.port}: {error.strerror}", "set serve.port") from error
        uvicorn.Server(config(app)).run(sockets=[listening])


def config(app: FastAPI) -> uvicorn.Config:
    """Return how uvicorn serves it: with our limits on connections, and answers that nobody keeps."""
    return uvicorn.Config(
        app,
        http=HttpConnection,
        ws="none",
        headers=[("Cache-Control", "no-store")],
        server_header=False,
        access_log=False,
        log_level="error",  # a warning for each head that is no HTTP would let strangers fill the log
    )


def refuse_plaintext(settings: Settings) -> None:
    """Refuse an address on which the token would cross a network unencrypted."""
    host = settings.serve.host
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError as error:
        raise SettingsError(
            f"serve.host is an IP address, not {host!r}", "127.0.0.1 for this machine alone"
        ) from error
    if not loopback and not settings.serve.allow_plaintext:
        raise SettingsError(
            f"on {host} the token would cross the network unencrypted",
            "put an encrypting proxy in front of it and set serve.allow_plaintext",
        )
