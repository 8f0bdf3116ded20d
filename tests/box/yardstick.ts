/** How late a program answers on this machine just now that has nothing to do: no other can be held to less. */
export interface Yardstick extends AsyncDisposable {
  /** The longest that an answer took since {@link Yardstick.forget}, in ms. */
  longestMs(): number;
  forget(): void;
}

/** How often it is asked, in ms. */
const EVERY_MS = 10;

/** Starts the program and asks it until it is disposed of. */
export async function startYardstick(): Promise<Yardstick> {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-P", "--frozen", "--no-check", `${import.meta.dirname}/echo_process.ts`],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const questions = process.stdin.getWriter();
  const answers = process.stdout.getReader();
  let longestMs = 0;
  let askedAt: number | undefined;
  let isOn = true;

  async function ask(): Promise<void> {
    askedAt = performance.now();
    await questions.write(Uint8Array.of(1));
    await answers.read();
    longestMs = Math.max(longestMs, performance.now() - askedAt);
    askedAt = undefined;
  }

  await ask();
  const asking = (async () => {
    while (isOn) {
      await ask();
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  })();
  return {
    longestMs: () => Math.max(longestMs, askedAt === undefined ? 0 : performance.now() - askedAt),
    forget: () => void (longestMs = 0),
    [Symbol.asyncDispose]: async () => {
      isOn = false;
      await asking;
      await questions.close();
      await answers.cancel();
      await process.status;
    },
  };
}
