"""What Lambda and IAM do and moto does not: pages, quotas, revisions, updates that take a while, IAM's simulation."""

import io
import json
import re
import threading
import time
import uuid
from urllib.parse import parse_qs, unquote, urlencode

from moto.awslambda import models as lambda_models
from moto.core import DEFAULT_ACCOUNT_ID
from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.iam.models import iam_backends
from moto.secretsmanager.models import secretsmanager_backends

PAGE = 50
BURST = 2
FUNCTION = re.compile(r"/2015-03-31/functions/([^/]+)(/configuration)?$")


def name_in(path):
    found = FUNCTION.search(path)
    return unquote(found.group(1)).split(":function:")[-1].split(":")[0] if found else None


class Quotas:
    """Calls a second that are taken, per region: GetFunction has a quota of its own, all others share one."""

    def __init__(self):
        self.per_second = None
        self.buckets = {}
        self.refused = 0
        self.lock = threading.Lock()

    def set(self, per_second):
        self.per_second = per_second

    def refuses(self, region, action):
        if self.per_second is None:
            return False
        kind = "GetFunction" if action == "GetFunction" else "others"
        rate = self.per_second[kind]
        with self.lock:
            now = time.monotonic()
            tokens, since = self.buckets.get((region, kind), (BURST, now))
            tokens = min(BURST, tokens + (now - since) * rate)
            is_refused = tokens < 1
            self.buckets[region, kind] = (tokens if is_refused else tokens - 1, now)
            self.refused += is_refused
            return is_refused


class Functions:
    """Revisions of functions, and updates that are under way for one look."""

    def __init__(self):
        self.revisions = {}
        self.updating = set()
        self.lock = threading.Lock()

    def revision(self, region, name):
        with self.lock:
            return self.revisions.setdefault((region, name), str(uuid.uuid4()))

    def refusal(self, region, name, body):
        wanted = json.loads(body or b"{}").get("RevisionId")
        if wanted is not None and wanted != self.revision(region, name):
            return 412, "PreconditionFailedException", "The Revision Id provided does not match the latest Revision Id."
        return None

    def updated(self, region, name):
        with self.lock:
            self.revisions[region, name] = str(uuid.uuid4())
            self.updating.add((region, name))

    def describe(self, region, name, answer, location):
        configuration = answer.get("Configuration")
        if configuration is None:
            return answer
        configuration["RevisionId"] = self.revision(region, name)
        with self.lock:
            if (region, name) in self.updating:
                self.updating.discard((region, name))
                configuration["LastUpdateStatus"] = "InProgress"
            else:
                configuration["LastUpdateStatus"] = "Successful"
        if configuration.get("PackageType") != "Image":
            answer["Code"]["Location"] = location
        return answer


def code_of(region, name):
    return lambda_models.lambda_backends[DEFAULT_ACCOUNT_ID][region].get_function(name).code_bytes


def list_page(answer, query):
    """50 functions at most, in a fixed order; the marker is the place of the next one."""
    functions = sorted(answer["Functions"], key=lambda each: each["FunctionName"])
    start = int(parse_qs(query).get("Marker", ["0"])[0])
    page = {"Functions": functions[start : start + PAGE]}
    if start + PAGE < len(functions):
        page["NextMarker"] = str(start + PAGE)
    return page


def simulate(environ):
    """IAM's decision for one action, by moto's own reading of the role's policies and the given resource's."""
    asked = {key: values[0] for key, values in parse_qs(environ["wsgi.input"].read().decode()).items()}
    role = iam_backends[DEFAULT_ACCOUNT_ID]["aws"].get_role(asked["PolicySourceArn"].split("/")[-1])
    inline = [each if isinstance(each, str) else json.dumps(each) for each in role.policies.values()]
    policies = [*inline, *role.managed_policies.values(), *[asked[key] for key in ("ResourcePolicy",) if key in asked]]
    action, resource = asked["ActionNames.member.1"], asked["ResourceArns.member.1"]
    found = [IAMPolicy(policy).is_action_permitted(action, resource) for policy in policies]
    if PermissionResult.DENIED in found:
        decision = "explicitDeny"
    else:
        decision = "allowed" if PermissionResult.PERMITTED in found else "implicitDeny"
    return f"""<SimulatePrincipalPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
  <SimulatePrincipalPolicyResult><IsTruncated>false</IsTruncated><EvaluationResults><member>
    <EvalActionName>{action}</EvalActionName><EvalResourceName>{resource}</EvalResourceName>
    <EvalDecision>{decision}</EvalDecision>
  </member></EvaluationResults></SimulatePrincipalPolicyResult>
</SimulatePrincipalPolicyResponse>""".encode()


def for_moto(environ):
    """Moto knows no pages, and in this call a layer by its name only: it sees neither the marker nor the ARN."""
    query = {key: values for key, values in parse_qs(environ.get("QUERY_STRING", "")).items() if key != "Marker"}
    path = re.sub(r"/layers/arn:[^/]*:layer:([^/]+)/versions$", r"/layers/\1/versions", unquote(environ["PATH_INFO"]))
    raw = {"PATH_INFO": path, "RAW_URI": path, "REQUEST_URI": path} if path != unquote(environ["PATH_INFO"]) else {}
    return {**environ, "QUERY_STRING": urlencode(query, doseq=True), **raw}


def is_simulation(environ, body):
    return environ["REQUEST_METHOD"] == "POST" and b"Action=SimulatePrincipalPolicy" in body


def rewind(environ):
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def deploy_whole_functions():
    """CloudFormation gives a function its layers and its architecture, and resolves references to secrets, too."""
    original = lambda_models.LambdaFunction.create_from_cloudformation_json.__func__

    def create(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs):
        properties = cloudformation_json["Properties"]
        variables = properties.get("Environment", {}).get("Variables", {})
        for name, value in variables.items():
            reference = re.fullmatch(r"\{\{resolve:secretsmanager:([^:]+):SecretString\}\}", value)
            if reference is not None:
                secrets = secretsmanager_backends[account_id][region_name]
                variables[name] = secrets.get_secret_value(reference.group(1), "", "")["SecretString"]
        function = original(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs)
        function.architectures = properties.get("Architectures", ["x86_64"])
        function.layers = function._get_layers_data(properties.get("Layers", []))
        return function

    lambda_models.LambdaFunction.create_from_cloudformation_json = classmethod(create)
