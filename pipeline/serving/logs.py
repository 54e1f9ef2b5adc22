"""Structured logs: one JSON object a line on standard error, each with the id of the request it belongs to."""

from __future__ import annotations

import json
import logging
import re
import secrets
import sys
import time
from contextvars import ContextVar

log = logging.getLogger("mathocr.serving")
_request_id: ContextVar[str] = ContextVar("request_id", default="-")
_OWN = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "color_message", "taskName"}
_ACCEPTABLE = re.compile(r"[A-Za-z0-9._:-]{1,128}")


def current_request_id() -> str:
    """Id of the request that this code runs for, ``-`` outside one."""
    return _request_id.get()


def begin_request(offered: str | None) -> str:
    """Take the client's request id where it is a plain word, else make one; it holds for this task."""
    request_id = offered if offered and _ACCEPTABLE.fullmatch(offered) else secrets.token_hex(8)
    _request_id.set(request_id)
    return request_id


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON: time, level, logger, message, request id, and what ``extra`` holds."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, whatever the message holds."""
        line = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": current_request_id(),
            **{name: value for name, value in record.__dict__.items() if name not in _OWN},
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def configure(level: str) -> None:
    """Send all loggers of this process to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in ("uvicorn", "uvicorn.error", "litserve"):
        library = logging.getLogger(name)
        library.handlers, library.propagate = [], True
    logging.getLogger("litserve").setLevel(max(logging.getLogger().level, logging.WARNING))  # it tells its own life
