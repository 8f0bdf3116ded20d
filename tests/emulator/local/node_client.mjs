/**
 * Starts the runtime client that FUNCTION_RUNTIME_CLIENT names. Its native addon, which only speaks HTTP, is not
 * built here: the same calls are made in JavaScript, with the same waits.
 */
import Module from "node:module";
import { Worker } from "node:worker_threads";

const API = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation`;

/** The addon posts before it returns: a process that ends right after has posted. */
const done = new Int32Array(new SharedArrayBuffer(4));
const poster = new Worker(
  `const { parentPort, workerData } = require("node:worker_threads");
   parentPort.on("message", async ({ url, init }) => {
     await fetch(url, init).then((response) => response.arrayBuffer()).catch(() => {});
     Atomics.store(workerData, 0, 1);
     Atomics.notify(workerData, 0);
   });`,
  { eval: true, workerData: done, env: {} },
);
poster.unref();

function post(path, body, headers) {
  Atomics.store(done, 0, 0);
  poster.postMessage({ url: `${API}/${path}`, init: { method: "POST", body, headers } });
  Atomics.wait(done, 0, 0, 10_000);
}

const client = {
  initializeClient: () => {},
  next: async () => {
    const response = await fetch(`${API}/next`);
    if (response.status !== 200) throw new Error("Failed to get next invocation");
    return { bodyJson: await response.text(), headers: Object.fromEntries(response.headers) };
  },
  done: (id, body) => post(`${id}/response`, body, { "Content-Type": "application/json" }),
  error: (id, body, cause) =>
    post(`${id}/error`, body, {
      "Content-Type": "application/json",
      "Lambda-Runtime-Function-Error-Type": JSON.parse(body).errorType,
      "Lambda-Runtime-Function-XRay-Error-Cause": cause,
    }),
};

const load = Module._load;
Module._load = (request, ...others) =>
  request.endsWith("rapid-client.node") ? client : load(request, ...others);

const name = process.env.FUNCTION_RUNTIME_CLIENT;
delete process.env.FUNCTION_RUNTIME_CLIENT;
const { run } = await import(name);
if (run !== undefined) await run(process.env.LAMBDA_TASK_ROOT, process.env._HANDLER);
