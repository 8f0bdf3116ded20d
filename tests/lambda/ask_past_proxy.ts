/** Run with a proxy in its environment that leads nowhere: prints what the address in its argument answers. */
import { createRuntimeClient } from "../../src/lambda/runtime_client.ts";

using client = createRuntimeClient(Deno.args[0] ?? "");
const { text } = await client.send({ method: "GET", path: "/path", fields: [] });
await Deno.stdout.write(new TextEncoder().encode(text));
