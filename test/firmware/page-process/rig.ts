/** The page of a running device, on a free port of this machine, asked as a browser or a stranger would. */
import { request } from "node:http";
import { onTestFinished } from "vitest";
import {
  type DevicePage,
  type DevicePageOptions,
  startDevicePage,
} from "../../../src/firmware/page-process/page-server.ts";
import { systemClock } from "../../../src/firmware/process/system-clock.ts";
import type { PanelPress } from "../../../src/hub/page-server/api.ts";
import type { FaultSimulation } from "../../../src/hub/page-server/api-settings.ts";
import { defaultSettings } from "../../../src/model/settings.ts";
import { eventually, type LogLine, recordingLog } from "../../hub/running-hub.ts";
import { runningDevice } from "../local-socket/running-device.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The body as JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects
  readonly json: any;
}

/** With `fetch` one cannot lie about Host and Origin. */
export function ask(
  port: number,
  method: string,
  path: string,
  { body, headers = {} }: { body?: unknown; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const sent = text === undefined ? {} : { "content-type": "application/json" };
  const options = { host: "127.0.0.1", port, method, path };
  return new Promise((resolve, reject) => {
    const asked = request(
      { ...options, headers: { host: `localhost:${port}`, ...sent, ...headers } },
      (response) => {
        let got = "";
        response.on("data", (chunk) => {
          got += String(chunk);
        });
        response.on("end", () => {
          const isJson = String(response.headers["content-type"]).startsWith("application/json");
          const json = isJson ? JSON.parse(got) : undefined;
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text: got, json });
        });
      },
    );
    asked.on("error", reject);
    asked.end(text);
  });
}

/** A device and its page. */
export async function devicePage(options: Partial<DevicePageOptions> = {}) {
  const device = await runningDevice();
  const lines: LogLine[] = [];
  const presses: PanelPress[] = [];
  const simulations: FaultSimulation[] = [];
  const page: DevicePage = await startDevicePage({
    dataPath: device.data,
    id: "heater",
    clock: systemClock,
    log: recordingLog(lines),
    reach: "local",
    port: 0,
    allowedPorts: [],
    settings: () => defaultSettings,
    onPress: (press) => presses.push(press),
    onSimulate: (simulation) => simulations.push(simulation),
    ...options,
  });
  onTestFinished(() => page.close());
  await eventually(() => page.view.summary().connected, "the device's first status");
  const to = (method: string, path: string, more?: Parameters<typeof ask>[3]) =>
    ask(page.port, method, path, more);
  return { ...device, page, lines, presses, simulations, to };
}
