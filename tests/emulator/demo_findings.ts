/** What has to have arrived when the demo is over, and what is missing of it, in words. */
import { DOCUMENTED_FIELDS } from "../support/documented.ts";
import type { DatawayDouble, ReceivedPoint } from "./dataway.ts";
import { LAST_LINE, orderLines, ORDERS } from "./demo_chapters.ts";
import { SENT_BY_ORDER } from "./demo_sends.ts";
import type { Lambda } from "./lambda.ts";
import type { Played } from "./play.ts";

/** Largest part of the shutdown budget an extension should need, in ms. */
const MAX_SHUTDOWN_MS = 1400;

/** What was sent by one way and what of it arrived. */
export interface Arrival {
  readonly what: string;
  readonly sent: number;
  readonly arrived: number;
}

/** By protocol, then what the platform told. */
export function countArrivals(dataway: DatawayDouble, played: Played): readonly Arrival[] {
  const points = dataway.points();
  const count = (is: (point: ReceivedPoint) => boolean): number => points.filter(is).length;
  const spans = (source: string) => (point: ReceivedPoint): boolean =>
    point.category === "tracing" && point.measurement === source && !point.tags.has("aws_lambda_span");
  const sum = (measurement: string, field: string): number =>
    dataway.points("metric", measurement).reduce(
      (total, { fields }) => total + Number(fields.get(field) ?? 0),
      0,
    );
  const values = dataway.points("metric", "orders").filter(({ fields }) => fields.has("value")).length;
  const arrived: Readonly<Record<keyof typeof SENT_BY_ORDER, number>> = {
    "OTLP spans": count(spans("opentelemetry")),
    "OTLP metric points": dataway.points("metric", "otel_service").length,
    "OTLP logs": dataway.points("logging", "checkout").length,
    "ddtrace spans": count(spans("ddtrace")),
    // Counts add up; of a gauge the last value before each flush is the one that counts.
    "StatsD metrics": sum("orders", "placed") + Math.min(ORDERS, values > 0 ? ORDERS : 0),
  };
  const lines = dataway.points("logging", "awslambda-logging").map(messageOf);
  const fields = new Set(
    dataway.points("metric", "awslambda-metric").flatMap((point) => [...point.fields.keys()]),
  );
  return [
    { what: "lines on standard output", sent: expectedLines().length, arrived: ownLines(lines).length },
    ...Object.entries(SENT_BY_ORDER).map(([what, each]) => ({
      what,
      sent: each * ORDERS,
      arrived: arrived[what as keyof typeof SENT_BY_ORDER],
    })),
    {
      what: "invocations told by the platform",
      sent: played.invocations.length,
      arrived: sum("awslambda-metric", "invocations"),
    },
    {
      what: "documented fields of awslambda-metric",
      sent: DOCUMENTED_FIELDS.length,
      arrived: DOCUMENTED_FIELDS.filter((field) => fields.has(field)).length,
    },
  ];
}

/** Everything that was expected and is not there, or is not as it should be. */
export function findMissing(
  lambda: Lambda,
  dataway: DatawayDouble,
  played: Played,
  memoryMb: number,
): readonly string[] {
  const missing: string[] = [];
  const expect = (what: string, expected: unknown, got: unknown): void => {
    const [wanted, found] = [JSON.stringify(expected), JSON.stringify(got)];
    if (wanted !== found) missing.push(`${what}: expected ${wanted}, got ${found}`);
  };
  const metrics = dataway.points("metric", "awslambda-metric");
  const values = (field: string): readonly number[] =>
    metrics.flatMap(({ fields }) => fields.has(field) ? Number(fields.get(field)) : []);
  const sum = (field: string): number => values(field).reduce((total, value) => total + value, 0);
  for (const field of DOCUMENTED_FIELDS) {
    if (values(field).length === 0) missing.push(`field ${field} of awslambda-metric never arrived`);
  }
  for (const { what, sent, arrived } of countArrivals(dataway, played)) expect(what, sent, arrived);
  // The handled error, which only its record tells, and the time-out.
  expect("sum of errors", 2, sum("errors"));
  expect("sum of timeouts", 1, sum("timeouts"));
  expect("sum of out_of_memory", 0, sum("out_of_memory"));
  expect("points with duration_ms", played.invocations.length, values("duration_ms").length);
  expect("values of memory_size_mb", [memoryMb], [...new Set(values("memory_size_mb"))]);
  const logs = dataway.points("logging", "awslambda-logging");
  expect("log lines in the order of their time", expectedLines(), ownLines(byTime(logs).map(messageOf)));
  expect("log lines of the handled error", 1, logs.filter((log) => tellsOf(log, "CardDeclined")).length);
  expect("spans that came twice", 0, countTwice(dataway.points("tracing")));
  expect("exit codes", played.endings.map(() => 0), played.endings.map(({ exitCode }) => exitCode));
  const slow = played.endings.filter(({ afterEventMs }) => afterEventMs > MAX_SHUTDOWN_MS).length;
  expect(`ends later than ${MAX_SHUTDOWN_MS} ms after SHUTDOWN`, 0, slow);
  expect("rules of Lambda broken", [], lambda.violations);
  expect("rules of Dataway broken", [], dataway.violations);
  return missing;
}

function expectedLines(): readonly string[] {
  return [...Array.from({ length: ORDERS }, (_, i) => orderLines(i + 1)).flat(), LAST_LINE];
}

function ownLines(messages: readonly string[]): readonly string[] {
  return messages.filter((message) => message.startsWith("order "));
}

function byTime(points: readonly ReceivedPoint[]): readonly ReceivedPoint[] {
  return points.toSorted((a, b) => Number(a.timeNs - b.timeNs));
}

function messageOf({ fields }: ReceivedPoint): string {
  return String(fields.get("message"));
}

/** In its message, or in a field of its own. */
function tellsOf({ fields }: ReceivedPoint, text: string): boolean {
  return [...fields.values()].some((value) => String(value).includes(text));
}

function countTwice(spans: readonly ReceivedPoint[]): number {
  return spans.length -
    new Set(spans.map(({ fields }) => `${fields.get("trace_id")}/${fields.get("span_id")}`)).size;
}
