/** The page is a tool of this repository: nothing of it, nor of the emulator, may come into the layer. */
import { assertEquals } from "@std/assert";
import { scenario } from "../../support/scenario.ts";

scenario("the program of the layer imports nothing from tests/", async () => {
  const main = new URL("../../../src/main.ts", import.meta.url).pathname;
  const command = new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", main],
    stdout: "piped",
    stderr: "null",
  });
  const { modules }: { readonly modules: readonly { readonly specifier: string }[] } = JSON.parse(
    new TextDecoder().decode((await command.output()).stdout),
  );
  const root = new URL("../../../", import.meta.url).href;
  const own = modules.map(({ specifier }) => specifier).filter((url) => url.startsWith(root));
  assertEquals(own.some((url) => url === `${root}src/main.ts`), true);
  assertEquals(own.filter((url) => !url.startsWith(`${root}src/`)), []);
});
