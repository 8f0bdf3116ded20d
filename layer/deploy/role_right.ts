/** The right to read the secret that a function's role must have. */

/** A statement of an IAM policy. */
export interface Statement {
  readonly Effect: "Allow";
  readonly Action: string;
  readonly Resource: string;
}

/** Whether a role may read the secret, as far as it could be found out. */
export interface RoleRight {
  /** `unknown`: IAM could not be asked. */
  readonly state: "allowed" | "denied" | "unknown";
  /** Those that are missing; of an unknown right, those that are needed. */
  readonly statements: readonly Statement[];
  /** Why it is not known, or what denies it. */
  readonly detail: string;
}

/** What must be allowed to read the secret, of which only the part before `#` names it. `account` is the function's. */
export function neededStatement(reference: string, region: string, account: string): Statement {
  const [id = ""] = reference.split("#");
  if (/^arn:[^:]+:secretsmanager:/.test(id)) {
    return { Effect: "Allow", Action: "secretsmanager:GetSecretValue", Resource: id };
  }
  const partition = partitionOf(region);
  const Resource = id.startsWith("arn:") ? id : `arn:${partition}:ssm:${region}:${account}:parameter${id}`;
  return { Effect: "Allow", Action: "ssm:GetParameter", Resource };
}

/** What must be allowed besides, when the secret is encrypted with a key of the customer's own. */
export function neededForKey(keyArn: string): Statement {
  return { Effect: "Allow", Action: "kms:Decrypt", Resource: keyArn };
}

function partitionOf(region: string): string {
  if (region.startsWith("cn-")) return "aws-cn";
  if (region.startsWith("us-gov-")) return "aws-us-gov";
  return region.startsWith("eusc-") ? "aws-eusc" : "aws";
}
