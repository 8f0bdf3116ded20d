/** Asks IAM whether functions' roles may read the secret: its own simulation, with the secret's own policy. */
import { IAM } from "@aws-sdk/client-iam";
import { SecretsManager } from "@aws-sdk/client-secrets-manager";
import type { FunctionState } from "../deploy/attach_plan.ts";
import { AwsError } from "../deploy/aws_error.ts";
import { createPace, type PaceOptions } from "../deploy/pace.ts";
import { neededForKey, neededStatement, type RoleRight, type Statement } from "../deploy/role_right.ts";
import { clientConfig, told } from "./client.ts";

/** IAM names no quota; the simulation is known to be throttled early. */
const CALLS_PER_SECOND = 5;

/** What Secrets Manager tells of a secret; both undefined where it is not asked or does not tell. */
interface SecretFacts {
  readonly keyArn: string | undefined;
  readonly policy: string | undefined;
}

/**
 * Looks up each role's right once. A role of another account, and one that IAM will not simulate for us, is unknown;
 * a secret that is not there throws an `AwsError`.
 */
export function createRoleRights(
  profile: string | undefined,
  clock: Omit<PaceOptions, "perSecond">,
): (state: FunctionState, reference: string) => Promise<RoleRight> {
  const pace = createPace({ ...clock, perSecond: CALLS_PER_SECOND });
  const secrets = new Map<string, Promise<SecretFacts>>();
  const rights = new Map<string, Promise<RoleRight>>();
  const remembered = <T>(known: Map<string, Promise<T>>, key: string, ask: () => Promise<T>): Promise<T> => {
    const asked = known.get(key) ?? ask();
    known.set(key, asked);
    return asked;
  };

  const ask = async ({ role, region, arn }: FunctionState, reference: string): Promise<RoleRight> => {
    const needed = neededStatement(reference, region, arn.split(":")[4] ?? "");
    const { Resource: id } = needed;
    const facts = await remembered(secrets, id, () => describeSecret(id, profile, pace.run));
    const statements = [needed, ...(facts.keyArn === undefined ? [] : [neededForKey(facts.keyArn)])];
    try {
      const missing: Statement[] = [];
      const details: string[] = [];
      for (const statement of statements) {
        const policy = statement === needed ? facts.policy : undefined;
        const decision = await pace.run(() => simulate({ role, region, profile, statement, policy }));
        if (decision === "allowed") continue;
        missing.push(statement);
        details.push(`${statement.Action}: ${decision}`);
      }
      return {
        state: missing.length === 0 ? "allowed" : "denied",
        statements: missing,
        detail: details.join(", "),
      };
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return { state: "unknown", statements, detail: error.message };
    }
  };
  return (state, reference) =>
    remembered(rights, `${state.role} ${state.region} ${reference}`, () => ask(state, reference));
}

interface Question {
  readonly role: string;
  readonly region: string;
  readonly profile: string | undefined;
  readonly statement: Statement;
  /** The secret's own policy, which may allow what the role's policies do not. */
  readonly policy: string | undefined;
}

/** IAM's decision: `allowed`, `explicitDeny` or `implicitDeny`. */
async function simulate({ role, region, profile, statement, policy }: Question): Promise<string> {
  const iam = new IAM({ ...clientConfig({ region, profile }), maxAttempts: 1 });
  const { EvaluationResults = [] } = await told(
    "iam:SimulatePrincipalPolicy",
    region,
    () =>
      iam.simulatePrincipalPolicy({
        PolicySourceArn: role,
        ActionNames: [statement.Action],
        ResourceArns: [statement.Resource],
        ...(policy === undefined ? {} : { ResourcePolicy: policy, CallerArn: role }),
      }),
  );
  return EvaluationResults[0]?.EvalDecision ?? "no decision";
}

/** Of what is no Secrets Manager secret, and of one that we may not look at, nothing is known. */
async function describeSecret(
  id: string,
  profile: string | undefined,
  run: <T>(call: () => Promise<T>) => Promise<T>,
): Promise<SecretFacts> {
  const [, , service, region] = id.split(":");
  if (service !== "secretsmanager" || region === undefined) return { keyArn: undefined, policy: undefined };
  const secrets = new SecretsManager({ ...clientConfig({ region, profile }), maxAttempts: 1 });
  const asked = async <T>(action: string, call: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await run(() => told(action, region, call));
    } catch (error) {
      if (error instanceof AwsError && !error.isNotFound) return undefined;
      throw error;
    }
  };
  const secret = await asked("secretsmanager:DescribeSecret", () => secrets.describeSecret({ SecretId: id }));
  const policy = await asked(
    "secretsmanager:GetResourcePolicy",
    () => secrets.getResourcePolicy({ SecretId: id }),
  );
  const key = secret?.KmsKeyId;
  // AWS's own key needs no right; another may be named without its ARN only within the account.
  const isOwn = key !== undefined && !key.endsWith("alias/aws/secretsmanager");
  return { keyArn: isOwn ? toKeyArn(key, id) : undefined, policy: policy?.ResourcePolicy };
}

function toKeyArn(key: string, secretArn: string): string {
  if (key.startsWith("arn:")) return key;
  const [, partition, , region, account] = secretArn.split(":");
  return `arn:${partition}:kms:${region}:${account}:${key.startsWith("alias/") ? key : `key/${key}`}`;
}
