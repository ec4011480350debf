/** A request to the page of a hub, by any Host and Origin. */
import { request } from "node:http";
import type { RunningHub } from "../../../src/hub/hub.ts";

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** With `fetch` one cannot lie about Host and Origin. */
export function ask(
  hub: RunningHub,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
) {
  return new Promise<Answer>((resolve, reject) => {
    const json = body === undefined ? undefined : JSON.stringify(body);
    const asked = request(
      {
        host: "127.0.0.1",
        port: hub.addresses.pagePort,
        method,
        path,
        // A connection that waits may be closed by the server just as it is used again.
        agent: false,
        headers: {
          host: `localhost:${hub.addresses.pagePort}`,
          ...(json === undefined
            ? {}
            : { "content-type": "application/json", "content-length": Buffer.byteLength(json) }),
          ...headers,
        },
      },
      (response) => {
        let text = "";
        response.on("data", (chunk) => {
          text += String(chunk);
        });
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
        );
      },
    );
    asked.on("error", reject);
    asked.end(json);
  });
}
