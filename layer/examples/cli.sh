#!/usr/bin/env bash
# Adds the DataKit layer to a function by the AWS CLI and keeps its other layers and variables. Needs Python 3.
#
#   ENV_DATAWAY='https://openway.guance.com?token=...' ./cli.sh FUNCTION LAYER_ARN
#
# "deno task attach" does the same, checks sizes and architecture beforehand and can undo it.
set -euo pipefail
function_name=$1
layer_arn=$2
: "${ENV_DATAWAY:?set it to the Dataway URL with your token}"

before=$(aws lambda get-function-configuration --function-name "$function_name" --output json)
# Written out by Python: a value with commas or quotes would break the CLI's own shorthand.
after=$(LAYER_ARN=$layer_arn BEFORE=$before python3 -c '
import json, os
before = json.loads(os.environ["BEFORE"])
if "Error" in before.get("Environment", {}):
    raise SystemExit("the variables cannot be decrypted: the right to kms:Decrypt is missing")
layer = os.environ["LAYER_ARN"]
name = layer.rsplit(":", 1)[0]
layers = [item["Arn"] for item in before.get("Layers", []) if item["Arn"].rsplit(":", 1)[0] != name]
variables = dict(before.get("Environment", {}).get("Variables", {}), ENV_DATAWAY=os.environ["ENV_DATAWAY"])
after = {"FunctionName": before["FunctionName"], "Layers": layers + [layer], "Environment": {"Variables": variables}}
if "RevisionId" in before:  # refuses the change if somebody else made one in between
    after["RevisionId"] = before["RevisionId"]
print(json.dumps(after))')

aws lambda update-function-configuration --cli-input-json "$after" --query 'Layers[].Arn' --output text
aws lambda wait function-updated-v2 --function-name "$function_name"
