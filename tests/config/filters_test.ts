import { assertEquals } from "@std/assert";
import { type Config, parseConfig, type ParsedConfig } from "../../src/config.ts";
import type { Environment } from "../../src/config/reader.ts";

const DATAWAY = { ENV_DATAWAY: "https://h?token=tkn_1" };

function parse(env: Environment): Pick<Config, "sinker" | "filters"> & Pick<ParsedConfig, "problems"> {
  const { config: { sinker, filters }, problems } = parseConfig({ ...DATAWAY, ...env });
  return { sinker, filters, problems };
}

Deno.test("filters and sinker are off unless they are set", () => {
  assertEquals(parse({}), { sinker: undefined, filters: { local: "", pull: false }, problems: [] });
  assertEquals(
    parse({ ENV_DATAWAY_ENABLE_SINKER: "false", ENV_SINKER_GLOBAL_CUSTOMER_KEYS: "a" }).sinker,
    undefined,
  );
});

Deno.test("ENV_DATAWAY_ENABLE_SINKER needs a global tag or a customer key", () => {
  assertEquals(parse({ ENV_DATAWAY_ENABLE_SINKER: "true" }).problems, [{
    name: "ENV_DATAWAY_ENABLE_SINKER",
    message:
      "Cannot use ENV_DATAWAY_ENABLE_SINKER as there must be a tag in ENV_GLOBAL_HOST_TAGS or a key in " +
      "ENV_SINKER_GLOBAL_CUSTOMER_KEYS",
    used: "Dataway's routing by token",
  }]);
  assertEquals(parse({ ENV_DATAWAY_ENABLE_SINKER: "on", ENV_GLOBAL_HOST_TAGS: "env=prod" }).sinker, {
    customerKeys: [],
  });
  assertEquals(parse({ ENV_DATAWAY_ENABLE_SINKER: "on", ENV_SINKER_GLOBAL_CUSTOMER_KEYS: "a,b" }).sinker, {
    customerKeys: ["a", "b"],
  });
});

Deno.test("ENV_IO_FILTERS takes the place of the workspace's filters", () => {
  assertEquals(parse({ ENV_DATAWAY_PULL: "filters" }).filters, { local: "", pull: true });
  assertEquals(parse({ ENV_DATAWAY_PULL: "filters", ENV_IO_FILTERS: "{}" }).filters, {
    local: "{}",
    pull: false,
  });
});
