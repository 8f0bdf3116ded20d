/** An exit runs what kills the sandbox's processes; a signal by itself would leave them running. */
export function exitOnSignal(): void {
  const signals: readonly Deno.Signal[] = Deno.build.os === "windows"
    ? ["SIGINT"]
    : ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) Deno.addSignalListener(signal, () => Deno.exit(130));
}
