/** Whether Dataway is there, and takes the token. */
import { describeError } from "@std/log";
import { type ParsedConfig } from "../../config.ts";
import { type DatawayEndpoint, parseSecretEndpoints } from "../../config/dataway.ts";
import { type Environment } from "../../config/reader.ts";
import { type DatawayClient } from "../../dataway/client.ts";
import { describeNetworkError } from "../../dataway/error_text.ts";
import { createDatawayExporter } from "../../dataway/exporter.ts";
import { type HttpAnswer } from "../../dataway/http/message.ts";
import { chooseProxy, namedProxy } from "../../dataway/http/proxy.ts";
import { buildUploadHeaders, buildUploadUrl, createPackageId } from "../../dataway/request.ts";
import { isWebPage, QUOTA_MARK } from "../../dataway/response.ts";
import { type Batch, batchOf } from "../../pipeline/exporter.ts";
import { createIntakeHub } from "../../pipeline/intake.ts";
import { createLedger } from "../../pipeline/ledger.ts";
import { SELF_MEASUREMENT } from "../../pipeline/self_metrics.ts";
import { createPointStore } from "../../pipeline/store.ts";
import { createCommonKeys } from "../../point/common_tags.ts";
import { ENCODINGS } from "../../point/encoding.ts";
import { VERSION } from "../../version.ts";
import { explain } from "./explain.ts";
import { fault, type Finding, note, ok } from "./finding.ts";

export interface DatawayCheck {
  readonly parsed: ParsedConfig;
  readonly env: Environment;
  readonly client: DatawayClient;
  /** Sends a point. */
  readonly sends: boolean;
  /** Told of each token that a secret holds. */
  readonly onSecret: (token: string) => void;
  /** Unix time in ms. */
  readonly now: () => number;
}

/** Longest wait for one answer, in ms: a function that starts the doctor has 10 s for its init. */
const PATIENCE_MS = 7_000;
/** More than one point is. */
const MOST_BYTES = 64 * 1024;
/** Of an answer's text, in characters. */
const MAX_SHOWN_CHARS = 200;

/** Each Dataway of the settings, or of the secret that stands in for them. */
export async function checkDataway(check: DatawayCheck): Promise<readonly Finding[]> {
  const { dataway, target } = check.parsed.config;
  if (dataway.endpoints.length === 0 && dataway.secret === undefined && target !== undefined) {
    return [note("Dataway", "none: all goes to the OTLP target alone")];
  }
  const { endpoints, reason } = await findEndpoints(check);
  for (const { token } of endpoints) check.onSecret(token);
  const findings = reason === undefined ? [] : [fault("Dataway", `none: ${reason}`)];
  for (const endpoint of endpoints) {
    findings.push(check.sends ? await sendPoint(endpoint, check) : await ask(endpoint, check));
  }
  return findings;
}

/** The endpoints, or why there are none. */
async function findEndpoints(
  { parsed, env, now }: DatawayCheck,
): Promise<{ readonly endpoints: readonly DatawayEndpoint[]; readonly reason?: string }> {
  const { endpoints, secret } = parsed.config.dataway;
  if (endpoints.length > 0) return { endpoints };
  if (secret === undefined) return { endpoints, reason: "nothing would be sent. Set ENV_DATAWAY" };
  try {
    const { readSecretValue } = await import("../../dataway/secret/secret_store.ts");
    const { createAwsClient } = await import("../../dataway/secret/credentials.ts");
    using client = createAwsClient(env, now);
    const found = parseSecretEndpoints(await readSecretValue(secret, env, client.send), secret.urls);
    if (found.endpoints.length > 0) return { endpoints: found.endpoints };
    return {
      endpoints,
      reason: `data would be held. ${found.problems.map(({ message }) => message).join("; ")}`,
    };
  } catch (error) {
    return { endpoints, reason: `data would be held. ${describeError(error)}` };
  }
}

/**
 * Asks what DataKit asks at its start, the workspace's filters, which needs the token and changes nothing. A Dataway
 * that does not know the question gets an upload without a point.
 */
async function ask(endpoint: DatawayEndpoint, check: DatawayCheck): Promise<Finding> {
  const { base, query } = endpoint;
  try {
    const answer = await check.client.send(`${base}/v1/datakit/pull?${query}&filters=true`, {
      method: "GET",
      headers: {},
      body: new Uint8Array(),
      signal: AbortSignal.timeout(PATIENCE_MS),
      wants: "body",
    });
    if (answer.status !== 404 && answer.status !== 405) return judge(base, answer);
    return judge(base, await uploadNothing(endpoint, check), true);
  } catch (error) {
    return outOfReach(base, describeNetworkError(error), check);
  }
}

async function uploadNothing(
  endpoint: DatawayEndpoint,
  { client, parsed }: DatawayCheck,
): Promise<HttpAnswer> {
  const encoding = ENCODINGS[parsed.config.dataway.contentEncoding];
  return await client.send(buildUploadUrl(endpoint, "metric"), {
    method: "POST",
    headers: buildUploadHeaders({
      contentType: encoding.contentType,
      gzip: false,
      points: 0,
      packageId: createPackageId(),
      version: VERSION,
    }),
    body: new Uint8Array(),
    signal: AbortSignal.timeout(PATIENCE_MS),
    wants: "body",
  });
}

/** `isUpload`: the answer to an upload without a point, which Dataway may well refuse. */
function judge(base: string, answer: HttpAnswer, isUpload = false): Finding {
  const { status, headers } = answer;
  const said = `${status}${shown(answer)}`;
  if (isWebPage(answer)) {
    return fault(
      base,
      `answers with a web page (${status}): a captive portal or a proxy answers in Dataway's place`,
    );
  }
  if (status === 403 && answer.text.includes(QUOTA_MARK)) {
    return fault(base, `has no room for more data (${said}): the workspace's quota is used up`);
  }
  if (status === 401 || status === 403) {
    return fault(base, `refuses the token (${said}): is it the workspace's, whole, and not expired?`);
  }
  if (status === 407) return fault(base, `is behind a proxy that wants a user name and a password (${said})`);
  if (status >= 300 && status < 400) {
    const to = URL.parse(headers.get("location") ?? "", base);
    return fault(
      base,
      `redirects (${status}) to ${to?.origin ?? "nowhere"}, which is not followed: name that one`,
    );
  }
  if (status >= 500) return fault(base, `is out of order (${said})`);
  if (/plain HTTP request was sent to HTTPS|client sent an HTTP request to an HTTPS/i.test(answer.text)) {
    return fault(base, `speaks TLS only (${status}): https:// is meant for http://`);
  }
  if (isUpload && (status === 404 || status === 405)) {
    return fault(
      base,
      `answers (${status}), but is no Dataway: it has no /v1/write/metric. Are host and path right?`,
    );
  }
  if (status >= 200 && status < 300) return ok(base, `answers (${status}) and takes the token`);
  return ok(base, `answers (${said}); whether it takes the token tells doctor --send`);
}

function shown({ text }: HttpAnswer): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line === "" ? "" : `: ${line.slice(0, MAX_SHOWN_CHARS)}`;
}

/** No answer: a proxy that is dead is named with the variable that names it. */
function outOfReach(base: string, error: string, { parsed, env }: DatawayCheck): Finding {
  const target = new URL(base);
  const { proxyUrl } = parsed.config.dataway;
  const proxy = chooseProxy(target, proxyUrl, env);
  if (proxy === undefined) return fault(base, `is out of reach: ${explain(error)}`);
  const name = proxyUrl === undefined ? namedProxy(target, env)?.name ?? "" : "ENV_DATAWAY_HTTP_PROXY";
  const via = `the proxy ${proxy.host} of ${name}`;
  const dead = /Cannot reach the proxy [^\s]+: (.*)/s.exec(error)?.[1];
  if (dead !== undefined) return fault(base, `is out of reach as ${via} does not answer: ${explain(dead)}`);
  if (/the proxy/i.test(error)) {
    return fault(base, `is out of reach as ${via} does not let us through: ${error}`);
  }
  return fault(base, `is out of reach by way of ${via}: ${explain(error)}`);
}

/** A point by the way that all points take. */
function onePoint(now: () => number): Batch {
  const ledger = createLedger();
  const store = createPointStore({ maxBytes: MOST_BYTES, ledger });
  createIntakeHub({ store, ledger }).of("self").write({
    category: "metric",
    measurement: SELF_MEASUREMENT,
    tags: [["source", "doctor"]],
    fields: [["checks", 1n]],
    timeNs: BigInt(now()) * 1_000_000n,
  });
  return store.take("metric", { maxBytes: MOST_BYTES })?.batch ?? batchOf("metric", []);
}

async function sendPoint(endpoint: DatawayEndpoint, check: DatawayCheck): Promise<Finding> {
  const { parsed, client, now } = check;
  const { dataway } = parsed.config;
  await using exporter = createDatawayExporter({
    ...dataway,
    endpoints: [endpoint],
    encoding: ENCODINGS[dataway.contentEncoding],
    commonTags: () => new Map(),
    commonKeys: createCommonKeys([]),
    send: client.send,
    now,
    version: VERSION,
  });
  const result = await exporter.export(onePoint(now), AbortSignal.timeout(PATIENCE_MS));
  if (result.status === "success") return ok(endpoint.base, "took a point");
  if (/^Cannot reach/.test(result.error)) return outOfReach(endpoint.base, result.error, check);
  const reason = result.status === "failure" ? result.reason : undefined;
  const why = reason === "forbidden"
    ? "it refuses the token: "
    : reason === "quota"
    ? "the workspace's quota is used up: "
    : "";
  return fault(endpoint.base, `did not take a point: ${why}${result.error}`);
}
