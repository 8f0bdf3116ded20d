/** A real program without anything but this Deno: registers for both events and polls until SHUTDOWN. Returns its file. */
export async function writeShellExtension(): Promise<string> {
  const file = await Deno.makeTempFile({ suffix: ".sh" });
  const code = `
    const api = "http://" + Deno.env.get("AWS_LAMBDA_RUNTIME_API") + "/2020-01-01/extension";
    const reply = await fetch(api + "/register", {
      method: "POST", headers: { "Lambda-Extension-Name": "${file.split("/").at(-1)}" },
      body: JSON.stringify({ events: ["INVOKE", "SHUTDOWN"] }),
    });
    const id = reply.headers.get("Lambda-Extension-Identifier");
    while (true) {
      const next = await fetch(api + "/event/next", { headers: { "Lambda-Extension-Identifier": id } });
      if ((await next.json()).eventType === "SHUTDOWN") Deno.exit(0);
    }`;
  const quoted = code.replaceAll("'", "'\\''");
  await Deno.writeTextFile(file, `#!/bin/sh\nexec '${Deno.execPath()}' eval --no-config '${quoted}'\n`);
  await Deno.chmod(file, 0o755);
  return file;
}
