/** Answers each byte with the same byte: all that a program does whose lateness is only the machine's. */
if (import.meta.main) {
  const byte = new Uint8Array(1);
  while (await Deno.stdin.read(byte) !== null) await Deno.stdout.write(byte);
}
