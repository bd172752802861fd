"""HTTP responses of the Descent tab: JSON, a file of the page, or a one-sentence error, but never a traceback."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tensorboard.backend import http_util
from werkzeug import wrappers

CONTENT_TYPES = {".js": "text/javascript", ".css": "text/css"}  # by suffix of the page's files


class Refusal(Exception):
    """A request that cannot be answered, with the reason in one sentence for the user.

    Args:
        sentence: the reason.
        status: the HTTP status code.
    """

    def __init__(self, sentence: str, status: int):
        super().__init__(sentence)
        self.status = status


def respond(answer: Callable[[wrappers.Request], Any], environ: Any, start_response: Any) -> Any:
    """Respond with `answer(request)` as JSON, or with {"error": sentence}; with `answer` bound, a WSGI application."""
    request = wrappers.Request(environ)
    try:
        text, status = json.dumps(answer(request)), 200
    except Refusal as refusal:
        text, status = json.dumps({"error": str(refusal)}), refusal.status
    except Exception as error:
        text, status = json.dumps({"error": f"TensorBoard cannot read the data: {in_words(error)}"}), 500
    return http_util.Respond(request, text, "application/json", code=status)(environ, start_response)


def serve(file: Path, environ: Any, start_response: Any) -> Any:
    """Respond with one file of the page; with `file` bound, a WSGI application."""
    request = wrappers.Request(environ)
    try:
        response = http_util.Respond(request, file.read_bytes(), CONTENT_TYPES[file.suffix])
    except OSError as error:  # the file was removed after TensorBoard started
        response = http_util.Respond(request, in_words(error), "text/plain", code=404)
    return response(environ, start_response)


def in_words(error: Exception) -> str:
    """Return an unexpected error as text with its type, because many messages mean nothing without it."""
    return f"{type(error).__name__}: {error}."
