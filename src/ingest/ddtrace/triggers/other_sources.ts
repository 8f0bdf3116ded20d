/** Sources of which only the name is told: there is no span in front of the function. */
import type { JsonObject } from "../../../json/exact_json.ts";
import { asObject, firstRecord, listIn, memberIn, objectIn, recordsOf, textIn } from "../event_values.ts";
import { SCHEDULED } from "./event_bridge.ts";
import {
  partitionOf,
  type Surroundings,
  type Tags,
  tagsOf,
  type Trigger,
  type TriggerKind,
} from "./trigger.ts";

/** A source, told by its event's form. */
interface Source {
  readonly source: string;
  readonly kind: TriggerKind;
  readonly is: (event: JsonObject) => boolean;
  readonly arnOf?: (event: JsonObject, surroundings: Surroundings) => string | undefined;
  readonly tagsOf?: (event: JsonObject) => Tags;
}

const has = (...names: readonly string[]) => (event: JsonObject): boolean =>
  names.every((name) => memberIn(event, name) !== undefined);
const isFrom = (source: string) => (event: JsonObject): boolean =>
  textIn(firstRecord(event), "eventSource") === source;

/** By the names that Datadog's libraries give them, or the service's own. */
const SOURCES: readonly Source[] = [
  {
    source: "cloudwatch-events",
    kind: "timer",
    is: (event) => textIn(event, "source") === SCHEDULED,
    arnOf: (event) => asText(listIn(event, "resources")?.[0]),
  },
  {
    source: "cloudwatch-events",
    kind: "other",
    is: (event) => memberIn(objectIn(event, "detail"), "EventCategories") !== undefined,
    arnOf: (event) => asText(listIn(event, "resources")?.[0]),
  },
  {
    source: "cloudwatch-logs",
    kind: "datasource",
    is: (event) => memberIn(objectIn(event, "awslogs"), "data") !== undefined,
  },
  {
    source: "cloudfront",
    kind: "http",
    is: (event) => objectIn(firstRecord(event), "cf") !== undefined,
    arnOf: distributionArn,
  },
  {
    source: "appsync",
    kind: "http",
    is: (event) => memberIn(objectIn(event, "info"), "selectionSetGraphQL") !== undefined,
    tagsOf: (event) => {
      const info = objectIn(event, "info");
      return tagsOf({
        "appsync.parent_type": textIn(info, "parentTypeName"),
        "appsync.field": textIn(info, "fieldName"),
      });
    },
  },
  { source: "cognito", kind: "other", is: has("triggerSource", "userPoolId") },
  { source: "cognito", kind: "other", is: has("identityPoolId", "datasetName") },
  { source: "ses", kind: "pubsub", is: isFrom("aws:ses") },
  { source: "codecommit", kind: "other", is: isFrom("aws:codecommit") },
  { source: "codepipeline", kind: "other", is: has("CodePipeline.job") },
  { source: "lex", kind: "other", is: has("bot", "sessionId") },
  { source: "lex", kind: "other", is: has("bot", "currentIntent") },
  {
    source: "connect",
    kind: "other",
    is: (event) => textIn(event, "Name") === "ContactFlowExecution" && has("Details")(event),
  },
  {
    source: "config",
    kind: "other",
    is: has("configRuleArn", "configRuleName"),
    arnOf: (event) => textIn(event, "configRuleArn"),
  },
  {
    source: "cloudformation",
    kind: "other",
    is: has("StackId", "LogicalResourceId"),
    arnOf: (event) => textIn(event, "StackId"),
  },
  {
    source: "secretsmanager",
    kind: "other",
    is: has("SecretId", "ClientRequestToken"),
    arnOf: (event) => textIn(event, "SecretId"),
  },
  {
    source: "firehose",
    kind: "datasource",
    is: has("deliveryStreamArn", "records"),
    arnOf: (event) => textIn(event, "deliveryStreamArn"),
  },
  { source: "s3-batch", kind: "datasource", is: has("job", "invocationSchemaVersion") },
  { source: "s3-object-lambda", kind: "datasource", is: has("userRequest", "xAmzRequestId") },
  { source: "iot", kind: "other", is: has("serialNumber", "clickType") },
  {
    // An authorizer's own call, not the client's.
    source: "api-gateway",
    kind: "other",
    is: has("authorizationToken", "methodArn"),
    arnOf: (event) => textIn(event, "methodArn"),
  },
  {
    source: "alexa",
    kind: "http",
    is: (event) =>
      objectIn(event, "session") !== undefined && memberIn(objectIn(event, "request"), "type") !== undefined,
  },
  {
    source: "mq",
    kind: "pubsub",
    is: (event) => /^aws:(?:a|r)?mq$/.test(textIn(event, "eventSource") ?? ""),
  },
  { source: "mq", kind: "pubsub", is: has("rmqMessagesByQueue") },
  {
    source: "documentdb",
    kind: "datasource",
    is: (event) => textIn(event, "eventSource") === "aws:docdb",
  },
  { source: "bedrock-agent", kind: "other", is: has("messageVersion", "agent") },
  {
    source: "vpc-lattice",
    kind: "http",
    is: (event) => memberIn(objectIn(event, "requestContext"), "serviceNetworkArn") !== undefined,
    arnOf: (event) => textIn(objectIn(event, "requestContext"), "serviceArn"),
  },
];

/** What is known of the source of any other event. */
export function readOtherSource(event: JsonObject, surroundings: Surroundings): Trigger | undefined {
  const found = SOURCES.find(({ is }) => is(event));
  if (found === undefined) return undefined;
  return {
    source: found.source,
    sourceArn: found.arnOf?.(event, surroundings) ?? textIn(firstRecord(event), "eventSourceARN") ??
      textIn(event, "eventSourceArn"),
    kind: found.kind,
    tags: found.tagsOf?.(event) ?? new Map(),
    records: recordsOf(event).length,
    spans: [],
  };
}

function distributionArn(event: JsonObject, { region }: Surroundings): string | undefined {
  const id = textIn(asObject(memberIn(objectIn(firstRecord(event), "cf"), "config")), "distributionId");
  return id === undefined ? undefined : `arn:${partitionOf(region)}:cloudfront:::distribution/${id}`;
}

function asText(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
