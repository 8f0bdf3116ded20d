import { createLogger } from "@std/log";
import { type ConnectionPool, createConnectionPool } from "../../src/net/connection_pool.ts";

/** A pool for tests that are not about it. Its log lines go to `lines`. */
export function testPool(lines: string[] = []): ConnectionPool {
  return createConnectionPool(createLogger({ write: (line) => void lines.push(line) }));
}
