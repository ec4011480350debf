/** The service side by hand, for what no SDK asks. */
import type { IncomingHttpHeaders } from "node:http";
import { request } from "node:https";
import type { RunningHub } from "../../../src/hub/hub.ts";
import { makeSas } from "../../../src/hub/rest/sas.ts";
import { serviceAgent } from "../azure.ts";

export function tokenOf(hub: RunningHub, policy: string, seconds = 60, host = "localhost"): string {
  const key = hub.core.settings.policy(policy)?.primaryKey ?? "";
  return makeSas(host, key, Date.now() + seconds * 1000, policy);
}

export interface RestAnswer {
  readonly status: number;
  readonly text: string;
  readonly headers: IncomingHttpHeaders;
}

export function ask(
  hub: RunningHub,
  method: string,
  path: string,
  token = tokenOf(hub, "iothubowner"),
  body?: string,
  more: Record<string, string> = {},
): Promise<RestAnswer> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: token, "content-type": "application/json", ...more };
    const asked = request(
      { host: "localhost", method, path, headers, agent: serviceAgent(hub) },
      (response) => {
        let text = "";
        response.on("data", (chunk) => {
          text += String(chunk);
        });
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, text, headers: response.headers }),
        );
      },
    );
    asked.on("error", reject);
    asked.end(body);
  });
}
