/**
 * Queries in Guance's DQL, as far as the dashboard and the monitors need it.
 *
 * @see https://docs.guance.com/en/dql/define/
 */
import type { Aggregate } from "./figures.ts";

/** What is queried: measurements of metrics, sources of logs, or spans of all services. */
export type Namespace = "metric" | "logging" | "tracing";

/** A condition on a tag or field. `#{name}` stands for a dashboard's variable. */
export interface Condition {
  readonly name: string;
  readonly value: string;
}

/** One query of one field. */
export interface Query {
  readonly namespace: Namespace;
  /** Measurement or log source; undefined: all of the namespace. */
  readonly source: string | undefined;
  /** A field; `*` for whole records. */
  readonly field: string;
  /** Undefined: the records themselves. */
  readonly aggregate: Aggregate | undefined;
  readonly alias: string;
  readonly where: readonly Condition[];
  readonly by: readonly string[];
}

const LETTERS: Readonly<Record<Namespace, string>> = { metric: "M", logging: "L", tracing: "T" };

/** The query's text. */
export function encodeQuery({ namespace, source, field, aggregate, alias, where, by }: Query): string {
  const from = source === undefined ? "re(`.*`)" : quoted(source);
  const target = aggregate === undefined
    ? quoted(field)
    : `${callOf(aggregate, quoted(field))} AS ${quoted(alias)}`;
  const filter = where.length === 0
    ? ""
    : ` { ${where.map(({ name, value }) => `${quoted(name)} = '${value}'`).join(" and ")} }`;
  const groups = by.length === 0 ? "" : ` BY ${by.map(quoted).join(", ")}`;
  return `${LETTERS[namespace]}::${from}:(${target})${filter}${groups}`;
}

/** The aggregate's name in a chart's settings, such as `sum` and `p99`. */
export function functionOf(aggregate: Aggregate | undefined): string {
  if (aggregate === undefined) return "";
  return typeof aggregate === "number" ? `p${aggregate}` : aggregate.toLowerCase();
}

function callOf(aggregate: Aggregate, target: string): string {
  return typeof aggregate === "number" ? `PERCENTILE(${target}, ${aggregate})` : `${aggregate}(${target})`;
}

function quoted(name: string): string {
  return `\`${name}\``;
}
