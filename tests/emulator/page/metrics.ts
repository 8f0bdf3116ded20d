/** The figures of one invocation, each with those of the invocations before it. */
import type { MetricDetail } from "./state.ts";
import type { SentPoint } from "./watch_dataway.ts";

/** How many invocations a small chart shows. */
export const CHART_INVOCATIONS = 12;

/** `history`: the points of the invocations shown, oldest first, the selected one last. */
export function metricsOf(
  history: readonly (readonly SentPoint[])[],
  commonTags: Readonly<Record<string, string>>,
): readonly MetricDetail[] {
  const last = history.length - 1;
  const series = new Map<string, MetricDetail & { readonly values: (number | null)[] }>();
  history.forEach((points, at) => {
    for (const { point } of points) {
      if (point.category !== "metric") continue;
      const labels = [...point.tags].filter(([key]) => commonTags[key] === undefined && !isPlain(key))
        .map(([key, value]) => `${key}=${value}`).join(" ");
      for (const [field, value] of point.fields) {
        const figure = typeof value === "bigint" ? Number(value) : value;
        if (typeof figure !== "number") continue;
        const key = `${point.measurement} ${labels} ${field}`;
        const known = series.get(key) ??
          {
            measurement: point.measurement,
            labels,
            field,
            values: new Array<number | null>(last + 1).fill(null),
          };
        series.set(key, known);
        known.values[at] = figure;
      }
    }
  });
  return [...series.values()].filter(({ values }) => values[last] !== null);
}

/** Tags that name the sender and not the series. */
function isPlain(key: string): boolean {
  return key === "host" || key === "remote_ip" || key === "faas_instance" || key === "service" ||
    key === "service_name" || key.startsWith("aws_");
}
