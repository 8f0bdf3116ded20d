import type { Category } from "./point.ts";

/**
 * Under which key DataKit's filters and sinker know a point's measurement; `undefined`: under none.
 * @see https://github.com/GuanceCloud/datakit/blob/4f7f331b0edb9affdd69a093c4ec91a0b0499d53/internal/io/dataway/ptgroup.go
 */
export function measurementKey(category: Category): string | undefined {
  switch (category) {
    case "logging":
    case "network":
    case "keyevent":
    case "rum":
      return "source";
    case "metric":
      return "measurement";
    case "object":
    case "custom_object":
      return "class";
    default:
      return undefined;
  }
}
