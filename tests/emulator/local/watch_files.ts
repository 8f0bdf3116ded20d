/** Tells when a function's files have changed. */

/** What tools write by themselves, and what is not the function's code. */
const IGNORED = /(^|\/)(node_modules|\.git|\.venv|venv|__pycache__|\.cache|target)(\/|$)|~$|\.swp$/;
/** An editor and a compiler write several files at a time. In ms. */
const QUIET_MS = 200;

/** Calls `onChange` once for each burst of changes in the folder, until disposed of. */
export function watchFiles(folder: string, onChange: (path: string) => void): AsyncDisposable {
  const watcher = Deno.watchFs(folder, { recursive: true });
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function watch(): Promise<void> {
    for await (const { kind, paths } of watcher) {
      if (kind === "access") continue;
      const [path] = paths.map((each) => each.slice(folder.length + 1)).filter((each) => !IGNORED.test(each));
      if (path === undefined) continue;
      clearTimeout(timer);
      timer = setTimeout(() => onChange(path), QUIET_MS);
    }
  }

  const watching = watch();
  return {
    [Symbol.asyncDispose]: async () => {
      clearTimeout(timer);
      watcher.close();
      await watching;
    },
  };
}
