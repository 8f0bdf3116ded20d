#!/usr/bin/env bash
# Adds the DataKit layer to a function by the AWS CLI and keeps its other layers and variables. Needs Python 3.
#
#   DATAKIT_SECRET_ARN='arn:aws:secretsmanager:...' ./cli.sh FUNCTION LAYER_ARN   grants the role the right to read it
#   ENV_DATAWAY='https://openway.guance.com?token=...' ./cli.sh FUNCTION LAYER_ARN   the token in the settings
#
# "deno task attach" does the same for many functions, checks sizes and roles beforehand and can undo it.
set -euo pipefail
function_name=$1
layer_arn=$2
: "${DATAKIT_SECRET_ARN:=}" "${ENV_DATAWAY:=}"
if [ -z "$DATAKIT_SECRET_ARN$ENV_DATAWAY" ] || [ -n "$DATAKIT_SECRET_ARN" ] && [ -n "$ENV_DATAWAY" ]; then
  echo "set DATAKIT_SECRET_ARN to the secret that holds the Dataway URL, or ENV_DATAWAY to the URL itself" >&2
  exit 1
fi

before=$(aws lambda get-function-configuration --function-name "$function_name" --output json)
# Written out by Python: a value with commas or quotes would break the CLI's own shorthand.
after=$(LAYER_ARN=$layer_arn BEFORE=$before DATAKIT_SECRET_ARN=$DATAKIT_SECRET_ARN ENV_DATAWAY=$ENV_DATAWAY python3 -c '
import json, os, re
before = json.loads(os.environ["BEFORE"])
if "Error" in before.get("Environment", {}):
    raise SystemExit("the variables cannot be decrypted: the right to kms:Decrypt is missing")
layer = os.environ["LAYER_ARN"]
architecture = before.get("Architectures", ["x86_64"])[0]
wanted = re.search(r"-(x86_64|arm64):\d+$", layer)
if wanted and wanted.group(1) != architecture:
    raise SystemExit(f"the layer is for {wanted.group(1)}, the function for {architecture}")
name = layer.rsplit(":", 1)[0]
layers = [item["Arn"] for item in before.get("Layers", []) if item["Arn"].rsplit(":", 1)[0] != name]
variables = before.get("Environment", {}).get("Variables", {})
for other in ("ENV_DATAWAY", "ENV_DATAWAY_SECRET_ARN"):
    variables.pop(other, None)
if os.environ["DATAKIT_SECRET_ARN"]:
    variables["ENV_DATAWAY_SECRET_ARN"] = os.environ["DATAKIT_SECRET_ARN"]
else:
    variables["ENV_DATAWAY"] = os.environ["ENV_DATAWAY"]
after = {"FunctionName": before["FunctionName"], "Layers": layers + [layer], "Environment": {"Variables": variables}}
if "RevisionId" in before:  # refuses the change if somebody else made one in between
    after["RevisionId"] = before["RevisionId"]
print(json.dumps(after))')

if [ -n "$DATAKIT_SECRET_ARN" ]; then
  role=$(python3 -c 'import json, sys; print(json.load(sys.stdin)["Role"].split("/")[-1])' <<<"$before")
  policy=$(SECRET=${DATAKIT_SECRET_ARN%%#*} python3 -c '
import json, os
statement = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": os.environ["SECRET"]}
print(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))')
  aws iam put-role-policy --role-name "$role" --policy-name datakit-secret --policy-document "$policy"
fi

aws lambda update-function-configuration --cli-input-json "$after" --query 'Layers[].Arn' --output text
aws lambda wait function-updated-v2 --function-name "$function_name"
