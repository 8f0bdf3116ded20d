import { describeError } from "@std/log";

/** Deno's fetch quotes the whole URL in its errors, and a proxy's password may be in one too. */
const QUERY = /\?[^\s"'<>]*?(?=\)?[:;,]?(?:[\s"'<>]|$))/g;
const USER_INFO = /(:\/\/)[^/\s@]+@/g;

/** The text of a failed request, without queries, user names and passwords of any URL in it. */
export function describeNetworkError(error: unknown): string {
  return describeError(error).replace(QUERY, "").replace(USER_INFO, "$1");
}
