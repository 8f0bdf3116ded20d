/** `deno task guance`: writes the dashboards, monitors and pictures of this folder anew, from the code's own list of figures. */
import { guanceFiles } from "./files.ts";

for (const [name, text] of guanceFiles()) {
  await Deno.writeTextFile(new URL(name, import.meta.url), text);
}
