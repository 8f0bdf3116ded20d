/** The simulation is worth as much as what it finds: each broken part here must be noticed within a few sandboxes. */
import { AssertionError, assertMatch } from "@std/assert";
import { type Mutation, replaceIn } from "./extension.ts";
import { simulate } from "./simulate.ts";

interface Case {
  readonly name: string;
  readonly mutation: Mutation;
  /** The promise that is seen to be broken first. */
  readonly noticed: RegExp;
}

const MAX_SANDBOXES = 150;
const NEVER = new AbortController().signal;

const CASES: readonly Case[] = [
  {
    name: "a store that forgets what is put back",
    mutation: {
      store: (store) =>
        replaceIn(store, {
          take: (category, limit) => {
            const lease = store.take(category, limit);
            return lease === undefined ? undefined : { ...lease, putBack: lease.release };
          },
        }),
    },
    noticed: /received = exported \+ held \+ dropped/,
  },
  {
    name: "a store that hands out the newest first",
    mutation: {
      store: (store) =>
        replaceIn(store, {
          take: (category, limit) => store.take(category, { ...limit, newestFirst: true }),
        }),
    },
    noticed: /arrive in order/,
  },
  {
    name: "an exporter that takes a lost answer for a success",
    mutation: {
      exporter: (exporter) => ({
        ...exporter,
        export: async (batch, signal) => {
          const result = await exporter.export(batch, signal);
          return result.status === "retryable" ? { status: "success" } : result;
        },
      }),
    },
    noticed: /acknowledged, the ledger says/,
  },
  {
    name: "an exporter that sends each batch twice",
    mutation: {
      exporter: (exporter) => ({
        ...exporter,
        export: async (batch, signal) => {
          await exporter.export(batch, signal);
          return await exporter.export(batch, signal);
        },
      }),
    },
    noticed: /acknowledged is sent again/,
  },
  {
    name: "an exporter that does not end with its signal",
    mutation: {
      exporter: (exporter) => ({ ...exporter, export: (batch) => exporter.export(batch, NEVER) }),
    },
    noticed: /next is held|back before the deadline|SHUTDOWN is handled in time/,
  },
  {
    name: "a breaker that never opens",
    mutation: { breaker: (breaker) => ({ ...breaker, state: () => "closed" }) },
    noticed: /An outage costs the budget|breaker is open an invocation costs nothing/,
  },
  {
    name: "a loop that asks for two events at a time",
    mutation: {
      lifecycle: (options) => ({
        ...options,
        next: async () => {
          void options.next();
          return await options.next();
        },
      }),
    },
    noticed: /never two next/,
  },
];

for (const { name, mutation, noticed } of CASES) {
  Deno.test(`the simulation notices ${name}`, async () => {
    for (let seed = 1; seed <= MAX_SANDBOXES; seed++) {
      const { broken } = await simulate(seed, undefined, mutation);
      if (broken !== undefined) return assertMatch(broken, noticed);
    }
    throw new AssertionError(`It was not noticed in ${MAX_SANDBOXES} sandboxes`);
  });
}
