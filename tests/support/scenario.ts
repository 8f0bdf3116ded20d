/**
 * A test that needs sockets, files or processes. Plain `deno test` grants nothing, so there it is reported as
 * ignored; `deno test -P` and `deno task test` run it (permissions are set in deno.json).
 */
const permitted = await allGranted();

async function allGranted(): Promise<boolean> {
  for (const name of ["net", "env", "read", "write", "run", "sys"] as const) {
    if ((await Deno.permissions.query({ name })).state !== "granted") return false;
  }
  return true;
}

/** Registers `fn` under `name`; see above for when it runs. */
export function scenario(name: string, fn: (t: Deno.TestContext) => Promise<void> | void): void {
  Deno.test({ name, ignore: !permitted, sanitizeOps: true, sanitizeResources: true, fn });
}
