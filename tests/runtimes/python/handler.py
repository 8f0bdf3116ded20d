"""A function that fails, and logs, in every way that is asked for."""

import json
import logging
import os
import sys
import traceback

if os.environ.get("FUNCTION_INIT") == "fail":
    raise RuntimeError("boom at init")

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN_ID = "00f067aa0ba902b7"


class Silent(Exception):
    """Has no message."""


def fail(message):
    raise ValueError(message)


def log_error():
    try:
        fail("boom logged")
    except ValueError:
        logging.getLogger("shop").exception("could not price")


def log_with(logger):
    text, ids = f"{logger} says no", {"trace_id": TRACE_ID, "span_id": SPAN_ID}
    if logger == "print":
        print(json.dumps({"level": "error", "message": text, "order": 7, **ids}))
    elif logger == "logging":
        logging.getLogger("shop").error(text, extra={"order": 7, **ids})
    elif logger == "powertools":
        from aws_lambda_powertools import Logger

        Logger(service="shop").error(text, order=7, **ids)
    elif logger == "structlog":
        import structlog

        structlog.configure(
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso"),
                structlog.processors.JSONRenderer(),
            ]
        )
        structlog.get_logger().error(text, order=7, **ids)
    elif logger == "python-json-logger":
        from pythonjsonlogger.json import JsonFormatter

        handler = logging.StreamHandler(sys.stdout)
        handler.setFormatter(JsonFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
        own = logging.getLogger("json")
        own.propagate = False
        own.handlers = [handler]
        own.error(text, extra={"order": 7, **ids})
    elif logger == "loguru":
        import loguru

        loguru.logger.remove()
        loguru.logger.add(sys.stdout, serialize=True)
        loguru.logger.bind(order=7, **ids).error(text)


def handler(event, context):
    case = event["case"]
    if case == "success":
        print("priced")
    elif case == "thrown":
        fail("boom")
    elif case == "thrown, lines":
        fail("boom first\nboom second")
    elif case == "thrown, no message":
        raise Silent()
    elif case == "thrown, cause":
        try:
            fail("boom inner")
        except ValueError as error:
            raise RuntimeError("boom outer") from error
    elif case == "not serialisable":
        return {"answer": {1, 2}}
    elif case == "logged, then more":
        log_error()
        logging.getLogger("shop").warning("goes on")
    elif case == "logged last":
        log_error()
    elif case == "logged, thrown":
        log_error()
        fail("boom after")
    elif case == "thrown, group":
        raise ExceptionGroup("boom group", [ValueError("one\ntwo"), KeyError("three")])
    elif case == "thrown, tabs and own fields":
        error = ValueError('boom tabs\tand {"json": 1}\r\nCR')
        error.order = 7
        raise error
    elif case == "logged last, in the function's own format":
        own = logging.StreamHandler(sys.stdout)
        own.setFormatter(logging.Formatter("[%(levelname)s] %(message)s"))
        logger = logging.getLogger("own")
        logger.propagate, logger.handlers = False, [own]
        try:
            fail("boom logged")
        except ValueError:
            logger.exception("ValueError: boom logged")
    elif case == "logged last, printed stack":
        try:
            fail("boom printed")
        except ValueError:
            traceback.print_exc()
    elif case == "exit":
        sys.exit(3)
    elif case == "crash":
        print("last words", flush=True)
        os._exit(3)
    else:
        log_with(case.removeprefix("logger "))
    return {"ok": True}
