"use strict";
/** A function that fails, and logs, in every way that is asked for. */

if (process.env.FUNCTION_INIT === "fail") throw new Error("boom at init");

const IDS = { trace_id: "4bf92f3577b34da6a3ce929d0e0e4736", span_id: "00f067aa0ba902b7" };

class Silent extends Error {}

function logWith(logger) {
  const text = `${logger} says no`;
  switch (logger) {
    case "console":
      return console.error(JSON.stringify({ level: "error", message: text, order: 7, ...IDS }));
    case "console of an object":
      return console.error({ level: "error", message: text, order: 7, ...IDS });
    case "pino":
      return require("pino")({ name: "shop" }, require("pino").destination({ sync: true })).error(
        { order: 7, ...IDS },
        text,
      );
    case "winston": {
      const { createLogger, format, transports } = require("winston");
      const logger = createLogger({ format: format.json(), transports: [new transports.Console()] });
      return logger.error(text, { order: 7, ...IDS });
    }
    case "bunyan":
      return require("bunyan").createLogger({ name: "shop" }).error({ order: 7, ...IDS }, text);
    case "powertools": {
      const { Logger } = require("@aws-lambda-powertools/logger");
      return new Logger({ serviceName: "shop" }).error(text, { order: 7, ...IDS });
    }
  }
}

exports.handler = async ({ case: name }) => {
  switch (name) {
    case "success":
      console.log("priced");
      break;
    case "thrown":
      throw new Error("boom");
    case "thrown, lines":
      throw new Error("boom first\nboom second");
    case "thrown, no message":
      throw new Silent();
    case "thrown, cause":
      throw new Error("boom outer", { cause: new TypeError("boom inner") });
    case "thrown, circular": {
      const error = new Error("boom circular");
      error.self = error;
      throw error;
    }
    case "thrown, group":
      throw new AggregateError([new Error("one\ntwo"), new TypeError("three")], "boom group");
    case "thrown, tabs and own fields":
      throw Object.assign(new RangeError('boom tabs\tand {"json": 1}\r\nCR'), { code: "E7", order: 7 });
    case "thrown, a string":
      throw "boom string";
    case "thrown, nothing":
      throw undefined;
    case "logged last, as the runtime would begin":
      console.error("Invoke Error", new Error("boom logged"));
      break;
    case "logged last, printed stack":
      process.stderr.write(`${new Error("boom printed").stack}\n`);
      break;
    case "not serialisable":
      return { answer: 7n };
    case "logged, then more":
      console.error("could not price", new Error("boom logged"));
      console.warn("goes on");
      break;
    case "logged last":
      console.error(new Error("boom logged"));
      break;
    case "logged, thrown":
      console.error("could not price", new Error("boom logged"));
      throw new Error("boom after");
    case "crash":
      console.log("last words");
      process.exit(3);
      break;
    default:
      logWith(name.replace("logger ", ""));
  }
  return { ok: true };
};
