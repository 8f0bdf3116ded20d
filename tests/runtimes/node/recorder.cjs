/** A function that logs in detail, and ends as it is told to. */
const pino = require("pino")({ level: "debug" });

exports.handler = async ({ case: name }) => {
  for (let step = 0; step < 3; step++) console.debug(`detail ${step} of ${name}`);
  pino.debug(`detail 3 of ${name}`);
  console.info(`summary of ${name}`);
  if (name === "thrown") throw new Error("boom");
  if (name === "crash") process.exit(1);
  if (name === "hung") await new Promise((resolve) => setTimeout(resolve, 60_000));
  while (name === "busy") continue;
  return { ok: true };
};
