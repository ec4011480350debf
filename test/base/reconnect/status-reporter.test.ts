/** What the log and the firmware hear of a link. */
import { expect, it } from "vitest";
import type { Log } from "../../../src/base/log.ts";
import { StatusReporter } from "../../../src/base/reconnect/status-reporter.ts";
import { minutes } from "../../../src/base/units.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";

function open() {
  const clock = new VirtualClock();
  const lines: { level: string; event: string; fields: Readonly<Record<string, unknown>> }[] = [];
  const changes: string[] = [];
  const write =
    (level: string) =>
    (event: string, fields = {}) => {
      lines.push({ level, event, fields });
    };
  const log: Log = { error: write("error"), warn: write("warn"), info: write("info"), debug: write("debug") };
  const reporter = new StatusReporter({
    clock,
    log,
    name: "cloud",
    onChange: (state, cause) => changes.push(cause?.code ?? state),
  });
  return { clock, changes, reporter, warnings: () => lines.filter(({ level }) => level === "warn"), lines };
}
const because = (code: string) => ({ code, text: `Because of ${code}.`, detail: "" });

it("reports a cause once, however many attempts end by it, and then reminds every hour", async () => {
  const { clock, changes, reporter, warnings, lines } = open();
  reporter.report("connecting");
  for (let attempt = 0; attempt < 25; attempt++) {
    reporter.report("offline", because("refused"), 300_000.4);
    await clock.advance(minutes(5));
  }
  expect(changes).toEqual(["connecting", "refused"]);
  expect(warnings()).toHaveLength(3);
  expect(warnings()[0]?.fields).toMatchObject({ words: "Because of refused.", retryMs: 300_000 });
  expect(warnings()[0]?.fields["attempts"]).toBeUndefined();
  expect(warnings()[2]?.fields).toMatchObject({ attempts: 25 });
  expect(lines.filter(({ level, event }) => level === "debug" && event === "cloud-offline")).toHaveLength(22);
});

it("reports each change of the cause, and the link when it is back, which has no cause", () => {
  const { changes, reporter, warnings, lines } = open();
  for (const code of ["timeout", "timeout", "host-not-found", "timeout"]) {
    reporter.report("offline", because(code));
  }
  reporter.report("online");
  reporter.report("online");
  expect(reporter).toMatchObject({ state: "online", cause: undefined });
  reporter.report("offline", because("timeout"));
  expect(changes).toEqual(["timeout", "host-not-found", "timeout", "online", "timeout"]);
  expect(warnings()).toHaveLength(4);
  expect(lines.filter(({ event }) => event === "cloud-online")).toHaveLength(1);
});
