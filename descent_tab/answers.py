"""How the Descent tab's requests are answered: with JSON, or a file of the page, and never with a traceback."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tensorboard.backend import http_util
from werkzeug import wrappers

CONTENT_TYPES = {".js": "text/javascript", ".css": "text/css"}  # of the page's files


class Refusal(Exception):
    """Why there is no answer, as a sentence for a person.

    Args:
        sentence: the reason.
        status: that of HTTP that goes with it.
    """

    def __init__(self, sentence: str, status: int):
        super().__init__(sentence)
        self.status = status


def respond(answer: Callable[[wrappers.Request], Any], environ: Any, start_response: Any) -> Any:
    """A WSGI application, once `answer` is bound: its answer as JSON, or {"error": a sentence}."""
    request = wrappers.Request(environ)
    try:
        text, status = json.dumps(answer(request)), 200
    except Refusal as refusal:
        text, status = json.dumps({"error": str(refusal)}), refusal.status
    except Exception as error:
        text, status = json.dumps({"error": f"TensorBoard cannot read the data: {in_words(error)}"}), 500
    return http_util.Respond(request, text, "application/json", code=status)(environ, start_response)


def serve(file: Path, environ: Any, start_response: Any) -> Any:
    """A WSGI application, once `file` is bound: this file of the page."""
    request = wrappers.Request(environ)
    try:
        response = http_util.Respond(request, file.read_bytes(), CONTENT_TYPES[file.suffix])
    except OSError as error:  # removed since TensorBoard was started
        response = http_util.Respond(request, in_words(error), "text/plain", code=404)
    return response(environ, start_response)


def in_words(error: Exception) -> str:
    """An error that nobody has foreseen, with its kind, without which many say nothing."""
    return f"{type(error).__name__}: {error}."
