/**
 * Types of the few `@std` functions we use: `deno-std` republishes the code without its declarations, and an
 * untyped import would be a silent `any`. Written after the signatures in the standard library's documentation.
 */
declare module "@std/assert" {
  export class AssertionError extends Error {}
  export function assert(expr: unknown, msg?: string): asserts expr;
  export function assertFalse(expr: unknown, msg?: string): asserts expr is false | 0 | "" | null | undefined;
  export function assertEquals<T>(actual: T, expected: T, msg?: string): void;
  export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void;
  export function assertStrictEquals<T>(actual: unknown, expected: T, msg?: string): asserts actual is T;
  export function assertExists<T>(actual: T, msg?: string): asserts actual is NonNullable<T>;
  export function assertAlmostEquals(
    actual: number,
    expected: number,
    tolerance?: number,
    msg?: string,
  ): void;
  export function assertGreater(actual: number | bigint, expected: number | bigint, msg?: string): void;
  export function assertGreaterOrEqual(
    actual: number | bigint,
    expected: number | bigint,
    msg?: string,
  ): void;
  export function assertLess(actual: number | bigint, expected: number | bigint, msg?: string): void;
  export function assertLessOrEqual(actual: number | bigint, expected: number | bigint, msg?: string): void;
  export function assertMatch(actual: string, expected: RegExp, msg?: string): void;
  export function assertNotMatch(actual: string, expected: RegExp, msg?: string): void;
  export function assertStringIncludes(actual: string, expected: string, msg?: string): void;
  export function assertArrayIncludes<T>(actual: ArrayLike<T>, expected: ArrayLike<T>, msg?: string): void;
  export function assertObjectMatch(actual: object, expected: object, msg?: string): void;
  export function assertInstanceOf<T>(
    actual: unknown,
    expected: abstract new (...args: never[]) => T,
    msg?: string,
  ): asserts actual is T;
  export function assertThrows(fn: () => unknown, msg?: string): unknown;
  export function assertThrows<E extends Error>(
    fn: () => unknown,
    errorClass: new (...args: never[]) => E,
    msgIncludes?: string,
    msg?: string,
  ): E;
  export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
  export function assertRejects<E extends Error>(
    fn: () => PromiseLike<unknown>,
    errorClass: new (...args: never[]) => E,
    msgIncludes?: string,
    msg?: string,
  ): Promise<E>;
  export function fail(msg?: string): never;
  export function unreachable(msg?: string): never;
}

declare module "@std/encoding/hex" {
  export function encodeHex(src: string | Uint8Array | ArrayBuffer): string;
  export function decodeHex(src: string): Uint8Array<ArrayBuffer>;
}

declare module "@std/http/status" {
  /** Reason phrases by status. */
  export const STATUS_TEXT: Readonly<Record<number, string>>;
  export const STATUS_CODE: {
    readonly OK: 200;
    readonly Accepted: 202;
    readonly NoContent: 204;
    readonly BadRequest: 400;
    readonly Unauthorized: 401;
    readonly Forbidden: 403;
    readonly NotFound: 404;
    readonly MethodNotAllowed: 405;
    readonly RequestTimeout: 408;
    readonly ContentTooLarge: 413;
    readonly UnsupportedMediaType: 415;
    readonly TooManyRequests: 429;
    readonly InternalServerError: 500;
    readonly BadGateway: 502;
    readonly ServiceUnavailable: 503;
    readonly GatewayTimeout: 504;
  };
  export type StatusCode = (typeof STATUS_CODE)[keyof typeof STATUS_CODE];
  export function isClientErrorStatus(status: number): boolean;
  export function isServerErrorStatus(status: number): boolean;
  export function isSuccessfulStatus(status: number): boolean;
}
