/** An event in a few words: what a person would call it. */

const MAX_CHARS = 80;

/** E.g. `POST /orders`, `aws:sqs × 3`, `order.created`; else the first of its text. */
export function describeEvent(payload: string): string {
  let event: unknown;
  try {
    event = JSON.parse(payload);
  } catch {
    return cut(payload);
  }
  return cut(byRoute(event) ?? byRecords(event) ?? byName(event) ?? payload);
}

/** API Gateway (both payload versions), function URLs and load balancers. */
function byRoute(event: unknown): string | undefined {
  const method = text(event, "httpMethod") ?? text(event, "requestContext", "http", "method");
  const path = text(event, "path") ?? text(event, "rawPath");
  if (method === undefined) return path;
  return path === undefined ? method : `${method} ${path}`;
}

/** Queues, streams, buckets. */
function byRecords(event: unknown): string | undefined {
  const records = member(event, "Records") ?? member(event, "records");
  if (!Array.isArray(records)) return undefined;
  const source = text(records[0], "eventSource") ?? text(records[0], "EventSource") ?? "Records";
  return records.length === 1 ? source : `${source} × ${records.length}`;
}

/** EventBridge, and whatever says its own name. */
function byName(event: unknown): string | undefined {
  return text(event, "detail-type") ?? text(event, "name") ?? text(event, "type") ?? text(event, "action");
}

function member(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key)
    ? Reflect.get(value, key)
    : undefined;
}

function text(value: unknown, ...keys: readonly string[]): string | undefined {
  const found = keys.reduce(member, value);
  return typeof found === "string" && found !== "" ? found : undefined;
}

function cut(words: string): string {
  const line = words.replaceAll(/\s+/g, " ").trim();
  return line.length > MAX_CHARS ? `${line.slice(0, MAX_CHARS - 1)}…` : line;
}
