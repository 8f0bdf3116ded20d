"""Lambda, S3 and STS on loopback: moto, with what the real ones do besides and moto does not.

Started by moto.ts. Prints its port as the first line and ends when its standard input is closed.

Under /_test/ it offers what a test needs and no AWS API has:
  POST /_test/call    {"service", "region", "method", "args"}: a call by the AWS SDK for Python
  POST /_test/fault   {"region", "action"?, "path"?, "query"?, "status", "code", "message", "times"?, "after"?, "when"?, "body"?}: calls that fail
  POST /_test/quota   {"GetFunction", "others"}: calls a second that Lambda takes in each region
  GET  /_test/refused the number of calls that went over the quota
  GET  /_test/calls   the actions that were asked for, one a line: region, action
  GET  /_test/zip     ?region=&name=&version=: the bytes of a layer or, without a version, of a function; takes
                      ranges, as S3 does
"""

import base64
import datetime
import json
import os
import re
import sys
import threading
from urllib.parse import parse_qs, unquote

import boto3
from moto.awslambda import models as lambda_models
from moto.core import DEFAULT_ACCOUNT_ID
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from lambda_as_aws import (
    Functions,
    Quotas,
    code_of,
    deploy_whole_functions,
    for_moto,
    is_simulation,
    list_page,
    name_in,
    rewind,
    simulate,
)

MAX_REQUEST_BYTES = 69905067
LAYER_ACTIONS = (
    ("POST", r"/2018-10-31/layers/[^/]+/versions$", "PublishLayerVersion"),
    ("GET", r"/2018-10-31/layers/[^/]+/versions$", "ListLayerVersions"),
    ("POST", r"/2018-10-31/layers/[^/]+/versions/\d+/policy$", "AddLayerVersionPermission"),
    ("GET", r"/2018-10-31/layers/[^/]+/versions/\d+/policy$", "GetLayerVersionPolicy"),
    ("GET", r"/2018-10-31/layers", "GetLayerVersion"),
    ("PUT", r"/2015-03-31/functions/[^/]+/configuration", "UpdateFunctionConfiguration"),
    ("GET", r"/2015-03-31/functions/[^/]+$", "GetFunction"),
    ("GET", r"/2015-03-31/functions/?$", "ListFunctions"),
)

ALTERED = ("ListFunctions", "GetFunction", "UpdateFunctionConfiguration", "ListLayerVersions")

quotas = Quotas()
functions = Functions()
clients = {}
faults = []
calls = []
lock = threading.Lock()
moto = DomainDispatcherApplication(create_backend_app)


def zip_of(region, name, version):
    backend = lambda_models.lambda_backends[DEFAULT_ACCOUNT_ID][region]
    return backend.get_layer_version(name, str(version)).code_bytes


original = lambda_models.LayerVersion.get_layer_version


def get_layer_version(self):
    """With a place from which the zip can be fetched; moto's own leads nowhere."""
    answer = original(self)
    port = server.server_port
    answer["Content"]["Location"] = (
        f"http://127.0.0.1:{port}/_test/zip?region={self.region}&name={self.name}&version={self.version}"
    )
    return answer


lambda_models.LayerVersion.get_layer_version = get_layer_version
deploy_whole_functions()


def region_of(environ):
    found = re.search(r"Credential=([^/]+)/\d+/([^/]+)/", environ.get("HTTP_AUTHORIZATION", ""))
    return found.groups() if found else ("", "")


def action_of(environ):
    for method, pattern, action in LAYER_ACTIONS:
        if environ["REQUEST_METHOD"] == method and re.search(pattern, environ["PATH_INFO"]):
            return action
    return environ["REQUEST_METHOD"] + " " + environ["PATH_INFO"]


def refusal(environ, key, region, action):
    """What AWS would refuse and moto would not, and what the test wants refused."""
    # Each partition has accounts of its own: the test's keys end in the partition's name.
    partition = "aws-cn" if region.startswith("cn-") else "aws"
    if key.startswith("TEST-") and not key.endswith("-" + partition):
        return 403, "UnrecognizedClientException", "The security token included in the request is invalid."
    if action == "PublishLayerVersion" and int(environ.get("CONTENT_LENGTH") or 0) > MAX_REQUEST_BYTES:
        environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        return 413, "RequestEntityTooLargeException", f"Request must be smaller than {MAX_REQUEST_BYTES} bytes"
    body = rewind(environ)
    if key.startswith("TEST-") and quotas.refuses(region, action):
        return 429, "TooManyRequestsException", "Rate exceeded"
    if action == "UpdateFunctionConfiguration":
        stale = functions.refusal(region, name_in(environ["PATH_INFO"]), body)
        if stale is not None:
            return stale
    with lock:
        for fault in faults:
            is_meant = fault["region"] == region and fault.get("action", action) == action
            is_meant = is_meant and fault.get("path", "") in unquote(environ["PATH_INFO"])
            is_meant = is_meant and fault.get("query", "") in environ.get("QUERY_STRING", "")
            if is_meant and fault.get("times", 1) > 0 and fault.get("when", "").encode() in body:
                fault["times"] = fault.get("times", 1) - 1
                return fault["status"], fault["code"], fault["message"], fault
    return None


def policy_as_aws_words_it(environ, start_response):
    """An account is its root's ARN, and an organisation is a condition; moto repeats the request's words."""
    status, headers, answer = answer_of(environ)
    if "Policy" in answer:
        policy = json.loads(answer["Policy"])
        for statement in policy["Statement"]:
            if re.fullmatch(r"\d{12}", statement["Principal"]):
                statement["Principal"] = {"AWS": f"arn:aws:iam::{statement['Principal']}:root"}
            if "OrganizationId" in statement:
                organization = statement.pop("OrganizationId")
                statement["Condition"] = {"StringEquals": {"aws:PrincipalOrgID": organization}}
        answer["Policy"] = json.dumps(policy)
    start_response(status, headers)
    return [json.dumps(answer).encode()]


def answer_of(environ):
    """Moto's status and headers, and its answer as JSON."""
    told = []
    body = b"".join(moto(environ, lambda status, headers, *_: told.extend((status, headers)) or (lambda _: None)))
    return told[0], [pair for pair in told[1] if pair[0].lower() != "content-length"], json.loads(body)


def function_call(environ, start_response, region, action):
    """Calls that moto answers, and Lambda somewhat differently."""
    name = name_in(environ["PATH_INFO"])
    status, headers, answer = answer_of(for_moto(environ))
    if action == "ListFunctions":
        answer = list_page(answer, environ.get("QUERY_STRING", ""))
    if action == "GetFunction":
        location = f"http://127.0.0.1:{server.server_port}/_test/zip?region={region}&name={name}"
        answer = functions.describe(region, name, answer, location)
    if action == "UpdateFunctionConfiguration" and status.startswith("2"):
        functions.updated(region, name)
    body = json.dumps(answer).encode()
    start_response(status, headers)
    return [body]


def respond(start_response, status, body, headers=()):
    start_response(f"{status} -", [("Content-Length", str(len(body))), *headers])
    return [body]


def app(environ, start_response):
    if environ["PATH_INFO"].startswith("/_test/"):
        return test_api(environ, start_response)
    key, region = region_of(environ)
    action = action_of(environ)
    with lock:
        calls.append(f"{region} {action}")
    refused = refusal(environ, key, region, action)
    if refused is None and action == "GetLayerVersionPolicy":
        return policy_as_aws_words_it(environ, start_response)
    if refused is None and action in ALTERED:
        return function_call(environ, start_response, region, action)
    if refused is None and is_simulation(environ, rewind(environ)):
        return respond(start_response, 200, simulate(environ), [("Content-Type", "text/xml")])
    if refused is None:
        return moto(environ, start_response)
    status, code, message, *fault = refused
    if fault and "body" in fault[0]:
        return respond(start_response, status, json.dumps(fault[0]["body"]).encode())
    if fault and fault[0].get("after"):
        # It takes effect, but the answer is lost.
        b"".join(moto(environ, lambda *_: None))
        functions.updated(region, name_in(environ["PATH_INFO"]))
    if action.startswith("POST /"):  # STS speaks XML
        body = f"<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
        return respond(start_response, status, body.encode(), [("Content-Type", "text/xml")])
    body = json.dumps({"Type": "User", "message": message, "Message": message}).encode()
    told = [("x-amzn-ErrorType", code), ("Content-Type", "application/json")]
    return respond(start_response, status, body, told)


def plain(value):
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    return base64.b64encode(value.read() if hasattr(value, "read") else value).decode()


def test_api(environ, start_response):
    path = environ["PATH_INFO"].removeprefix("/_test/")
    if path == "zip":
        query = {name: values[0] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
        is_layer = "version" in query
        data = zip_of(**query) if is_layer else code_of(**query)
        ranged = re.fullmatch(r"bytes=(\d*)-(\d*)", environ.get("HTTP_RANGE", ""))
        if ranged is None:
            return respond(start_response, 200, data)
        first, last = ranged.groups()
        begin = int(first) if first else max(0, len(data) - int(last))
        end = int(last) + 1 if first and last else len(data)
        piece = data[begin:end]
        told = [("Content-Range", f"bytes {begin}-{begin + len(piece) - 1}/{len(data)}")]
        return respond(start_response, 206, piece, told)
    if path == "calls":
        with lock:
            return respond(start_response, 200, "\n".join(calls).encode())
    if path == "refused":
        return respond(start_response, 200, str(quotas.refused).encode())
    asked = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
    if path == "quota":
        quotas.set(asked)
        return respond(start_response, 200, b"{}")
    if path == "fault":
        with lock:
            faults.append(asked)
        return respond(start_response, 200, b"{}")
    with lock:
        place = asked["service"], asked["region"]
        if place not in clients:
            endpoint = f"http://127.0.0.1:{server.server_port}"
            clients[place] = boto3.client(place[0], region_name=place[1], endpoint_url=endpoint)
        client = clients[place]
    args = asked["args"]
    for holder in ("Code", "Content"):
        if "ZipBase64" in args.get(holder, {}):
            args[holder] = {"ZipFile": base64.b64decode(args[holder]["ZipBase64"])}
    try:
        answer = getattr(client, asked["method"])(**args)
    except Exception as error:  # the test shall see it
        return respond(start_response, 500, str(error).encode())
    return respond(start_response, 200, json.dumps(answer, default=plain).encode())


class Quiet(WSGIRequestHandler):
    def log(self, *args):
        pass


os.environ.update(
    AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_EC2_METADATA_DISABLED="true"
)
os.environ.pop("AWS_PROFILE", None)
server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_port, flush=True)
sys.stdin.read()
