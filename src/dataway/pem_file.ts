/** The bundle of all public authorities is a quarter of this. */
const MAX_BYTES = 1024 * 1024;

/**
 * A file of certificates or keys that a setting names. Only a regular file of a plausible size is opened: reading a pipe
 * that nobody writes to, or gigabytes, would hold the event loop, and with it each invocation.
 */
export function readPemFile(path: string): string {
  const { isFile, size } = Deno.statSync(path);
  if (!isFile) throw new TypeError("it is no regular file");
  if (size > MAX_BYTES) throw new TypeError(`it has more than ${MAX_BYTES} bytes`);
  return Deno.readTextFileSync(path);
}
