/** Run with a proxy in its environment that leads nowhere: prints what the address in its argument answers. */
import { createRuntimeClient } from "../../src/lambda/runtime_fetch.ts";

const address = Deno.args[0] ?? "";
using client = createRuntimeClient(address);
const response = await client.fetch(`http://${address}/path`, {});
await Deno.stdout.write(new TextEncoder().encode(await response.text()));
