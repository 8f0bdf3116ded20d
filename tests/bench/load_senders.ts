/** The clients of the load process: bytes made up front over connections that are kept. */
import { connect } from "node:http2";
import type { Payload } from "./payloads.ts";

/** Sends one request and waits for its answer. Throws when it is not a success. */
export interface Sender extends Disposable {
  send(): Promise<void>;
}

const HEADER_END = "\r\n\r\n";

/** HTTP/1.1 over a plain socket: a full client would cost more than what is measured. */
export async function createHttpSender(port: number, payload: Payload): Promise<Sender> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  connection.setNoDelay(true);
  const body = payload.next();
  const head = new TextEncoder().encode(
    `POST ${payload.path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: ${payload.contentType}\r\n` +
      `Content-Length: ${body.length}\r\n\r\n`,
  );
  const request = new Uint8Array(head.length + body.length);
  request.set(head);
  const answer = new Uint8Array(4096);
  const decoder = new TextDecoder();

  async function readAnswer(): Promise<string> {
    for (let text = "";;) {
      const read = await connection.read(answer);
      if (read === null) throw new Error("Cannot go on as the extension closed the connection");
      text += decoder.decode(answer.subarray(0, read));
      const headEnd = text.indexOf(HEADER_END);
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
      if (headEnd >= 0 && text.length >= headEnd + HEADER_END.length + length) return text;
    }
  }

  return {
    send: async () => {
      request.set(payload.next(), head.length);
      for (let sent = 0; sent < request.length;) sent += await connection.write(request.subarray(sent));
      const status = (await readAnswer()).slice(0, 12);
      if (status !== "HTTP/1.1 200") throw new Error(`Cannot go on as the extension answered ${status}`);
    },
    [Symbol.dispose]: () => connection.close(),
  };
}

/** gRPC in clear text, one connection. */
export function createGrpcSender(port: number, payload: Payload): Sender {
  const session = connect(`http://127.0.0.1:${port}`);
  return {
    send: () =>
      new Promise((resolve, reject) => {
        const stream = session.request({
          ":method": "POST",
          ":path": payload.path,
          te: "trailers",
          "content-type": payload.contentType,
        });
        let code: unknown;
        stream.on("response", (headers) => code ??= headers["grpc-status"]);
        stream.on("trailers", (trailers) => code = trailers["grpc-status"]);
        stream.on("error", reject);
        stream.on("data", () => {});
        stream.on(
          "close",
          () =>
            Number(code) === 0
              ? resolve()
              : reject(new Error(`Cannot go on as the extension answered ${code}`)),
        );
        // A copy, as what is written late must not change.
        stream.end(payload.next().slice());
      }),
    [Symbol.dispose]: () => session.destroy(),
  };
}
