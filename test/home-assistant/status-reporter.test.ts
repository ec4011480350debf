/** What the log and the firmware hear of the connection to the broker. */
import { expect, it } from "vitest";
import type { Log } from "../../src/base/log.ts";
import { minutes } from "../../src/base/units.ts";
import type { BrokerCause } from "../../src/home-assistant/link/cause.ts";
import { StatusReporter } from "../../src/home-assistant/link/status-reporter.ts";
import { VirtualClock } from "../../src/simulation/time/virtual-clock.ts";

const because = (code: BrokerCause["code"]): BrokerCause => ({ code, text: "", detail: "" });

function reporter() {
  const lines: string[] = [];
  const clock = new VirtualClock();
  const log = Object.fromEntries(
    ["debug", "info", "warn", "error"].map((level) => [
      level,
      (event: string, { code = "", attempts = "" }: Record<string, unknown> = {}) =>
        lines.push(`${level} ${event} ${code} ${attempts}`.trim()),
    ]),
  ) as unknown as Log;
  let changes = 0;
  const onChange = (): void => {
    changes += 1;
  };
  const news = new StatusReporter({ clock, log, onChange });
  return {
    news,
    clock,
    said: () => lines.filter((line) => !line.startsWith("debug")),
    changes: () => changes,
  };
}

it("a cause is said once, and as long as it lasts once an hour, with the number of attempts", async () => {
  const { news, clock, said, changes } = reporter();
  news.report("connecting");
  for (let attempt = 0; attempt < 25; attempt++) {
    news.report("offline", because("timeout"), 300_000);
    await clock.advance(minutes(5));
  }
  expect(said()).toEqual([
    "info home-assistant-connecting",
    "warn home-assistant-offline timeout 1",
    "warn home-assistant-offline timeout 13",
    "warn home-assistant-offline timeout 25",
  ]);
  expect(changes()).toBe(2);
});

it("each change of the cause is said, and once that the connection is back", () => {
  const { news, said, changes } = reporter();
  for (const code of ["timeout", "host-not-found", "host-not-found"] as const)
    news.report("offline", because(code));
  expect(news).toMatchObject({ state: "offline", cause: { code: "host-not-found" } });
  news.report("online");
  news.report("online");
  expect(news).toMatchObject({ state: "online", cause: undefined });
  expect(said()).toEqual([
    "warn home-assistant-offline timeout 1",
    "warn home-assistant-offline host-not-found 1",
    "info home-assistant-online",
  ]);
  expect(changes()).toBe(3);
});
