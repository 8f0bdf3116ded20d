"""A function that logs in detail, and ends as it is told to."""

import logging
import os
import time

from aws_lambda_powertools import Logger

logging.getLogger().setLevel(logging.DEBUG)
shop = logging.getLogger("shop")
powertools = Logger(service="shop", level="DEBUG")


def handler(event, context):
    case = event["case"]
    for step in range(3):
        shop.debug("detail %s of %s", step, case)
    powertools.debug(f"detail 3 of {case}")
    shop.info("summary of %s", case)
    if case == "thrown":
        raise ValueError("boom")
    if case == "crash":
        os._exit(1)
    if case == "hung":
        time.sleep(60)
    while case == "busy":
        pass
    return {"ok": True}
