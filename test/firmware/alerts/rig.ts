import { silentLog } from "../../../src/base/log.ts";
import { minutes } from "../../../src/base/units.ts";
import type { Condition } from "../../../src/firmware/alerts/alert.ts";
import { Alerts, type AlertsOptions } from "../../../src/firmware/alerts/alerts.ts";
import type { Delivery } from "../../../src/firmware/alerts/deliver.ts";
import type { AlertRequest } from "../../../src/firmware/alerts/request.ts";
import { memoryFiles } from "../../../src/firmware/storage/durable-files.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";

export const condition = (code: string, afterMinutes = 0): Condition => ({
  code,
  kind: "fault",
  severity: "critical",
  title: code.toUpperCase(),
  text: `${code}: do something.`,
  after: minutes(afterMinutes),
});

/** What a webhook receives, of interest here. */
export interface Received {
  readonly code: string;
  readonly state: "active" | "cleared";
  readonly times: number;
  readonly leftOut?: number;
}

/** Alerts with a server that can be told how to answer, in virtual time. */
export function rig(settings: Partial<AlertsOptions["settings"]> = {}) {
  const clock = new VirtualClock();
  const content = new Map<string, string>();
  const files = memoryFiles(content);
  const received: Received[] = [];
  const failures: (string | undefined)[] = [];
  const world = {
    clock,
    content,
    received,
    failures,
    tries: 0,
    diskFails: false,
    answer: { kind: "delivered" } as Delivery,
    start: (): Promise<Alerts> =>
      Alerts.start({
        settings: { format: "json", token: undefined, spacingMinutes: 10, maxPerHour: 20, ...settings },
        sender: { device: "kitchen", timeText: String },
        async deliver({ body }: AlertRequest) {
          world.tries += 1;
          const { answer } = world;
          if (answer.kind === "delivered") received.push(JSON.parse(body));
          return answer;
        },
        files: {
          ...files,
          writeDurably: (path, text) =>
            world.diskFails ? Promise.reject(new Error("ENOSPC")) : files.writeDurably(path, text),
        },
        path: "/data/alerts-told.json",
        clock,
        log: silentLog,
        newId: () => `id-${received.length}`,
        onFailure: (failure) => void failures.push(failure),
      }),
    said: () => received.map(({ code, state }) => `${code} ${state}`),
  };
  return world;
}
