"""Lambda, S3 and STS on loopback: moto, with what the real ones do besides and moto does not.

Started by moto.ts. Prints its port as the first line and ends when its standard input is closed.

Under /_test/ it offers what a test needs and no AWS API has:
  POST /_test/call    {"service", "region", "method", "args"}: a call by the AWS SDK for Python
  POST /_test/fault   {"region", "action"?, "status", "code", "message", "times"?, "after"?, "when"?, "body"?}: calls that fail
  GET  /_test/calls   the actions that were asked for, one a line: region, action
  GET  /_test/zip     ?region=&name=&version=: the bytes of a layer; takes ranges, as S3 does
"""

import base64
import datetime
import io
import json
import os
import re
import sys
import threading
from urllib.parse import parse_qs

import boto3
from moto.awslambda import models as lambda_models
from moto.core import DEFAULT_ACCOUNT_ID
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

MAX_REQUEST_BYTES = 69905067
LAYER_ACTIONS = (
    ("POST", r"/2018-10-31/layers/[^/]+/versions$", "PublishLayerVersion"),
    ("GET", r"/2018-10-31/layers/[^/]+/versions$", "ListLayerVersions"),
    ("POST", r"/2018-10-31/layers/[^/]+/versions/\d+/policy$", "AddLayerVersionPermission"),
    ("GET", r"/2018-10-31/layers/[^/]+/versions/\d+/policy$", "GetLayerVersionPolicy"),
    ("GET", r"/2018-10-31/layers", "GetLayerVersion"),
    ("PUT", r"/2015-03-31/functions/[^/]+/configuration", "UpdateFunctionConfiguration"),
)

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
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    with lock:
        for fault in faults:
            is_meant = fault["region"] == region and fault.get("action", action) == action
            if is_meant and fault.get("times", 1) > 0 and fault.get("when", "").encode() in body:
                fault["times"] = fault.get("times", 1) - 1
                return fault["status"], fault["code"], fault["message"], fault
    return None


def policy_as_aws_words_it(environ, start_response):
    """An account is its root's ARN, and an organisation is a condition; moto repeats the request's words."""
    told = []
    body = b"".join(moto(environ, lambda status, headers, *_: told.extend((status, headers)) or (lambda _: None)))
    answer = json.loads(body)
    if "Policy" in answer:
        policy = json.loads(answer["Policy"])
        for statement in policy["Statement"]:
            if re.fullmatch(r"\d{12}", statement["Principal"]):
                statement["Principal"] = {"AWS": f"arn:aws:iam::{statement['Principal']}:root"}
            if "OrganizationId" in statement:
                organization = statement.pop("OrganizationId")
                statement["Condition"] = {"StringEquals": {"aws:PrincipalOrgID": organization}}
        answer["Policy"] = json.dumps(policy)
    body = json.dumps(answer).encode()
    start_response(told[0], [pair for pair in told[1] if pair[0].lower() != "content-length"])
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
    if refused is None:
        return moto(environ, start_response)
    status, code, message, *fault = refused
    if fault and "body" in fault[0]:
        return respond(start_response, status, json.dumps(fault[0]["body"]).encode())
    if fault and fault[0].get("after"):
        # It takes effect, but the answer is lost.
        b"".join(moto(environ, lambda *_: None))
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
        data = zip_of(query["region"], query["name"], query["version"])
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
    asked = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
    if path == "fault":
        with lock:
            faults.append(asked)
        return respond(start_response, 200, b"{}")
    client = boto3.client(
        asked["service"], region_name=asked["region"], endpoint_url=f"http://127.0.0.1:{server.server_port}"
    )
    args = asked["args"]
    if "ZipBase64" in args.get("Code", {}):
        args["Code"] = {"ZipFile": base64.b64decode(args["Code"]["ZipBase64"])}
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
