/** `datakit status`. */
import { parseConfig } from "../config.ts";
import { createRedactor, secretsIn } from "../secrets.ts";
import { snippets } from "./snippets.ts";
import { toShortJson } from "./to_json.ts";
import { askStatus, statusAddresses } from "./ask_status.ts";
import { type Command, OptionError } from "./command.ts";

const USAGE =
  `What the extension in this container does, as JSON: what is wrong first, then version, settings without secrets,
listeners, last flush, breaker, account by source and category, spool, memory.

  /opt/extensions/datakit status [--port <port>]

  --port <port>   one of the extension's HTTP ports, if it is none of the settings': a taken main port (9529) moves to a
                  free one, which a line of the log names

Exit code 0: nothing is wrong; 1: something is (the list "faults"); 2: wrong arguments; 3: no extension answers.

The container is the function's: let the function start it. In the handler's file:

${snippets("status")}`;

const FAULTY = 1;
const NO_ANSWER = 3;

export const STATUS: Command = {
  usage: USAGE,
  options: { port: "value" },
  run: async (asked, { env, print }) => {
    const { config } = parseConfig(env);
    const port = asked.get("port");
    const answer = await askStatus(
      port === undefined ? statusAddresses(config) : [{ ...config.core.listen, port: parsePort(port) }],
    );
    const redact = createRedactor(secretsIn(env));
    if ("error" in answer) {
      print(redact(`There is no status as ${answer.error}`));
      return NO_ANSWER;
    }
    print(toShortJson(answer.status, redact));
    return answer.status["ok"] === true ? 0 : FAULTY;
  },
};

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65535) throw new OptionError("Cannot use --port as it must be from 1 to 65535");
  return port;
}
