/** The built firmware through whole trials, in real time: minutes each. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, type TestContext } from "vitest";
import { FakeHawkbit } from "../../update/hawkbit/fake/server.ts";
import { FirmwareProcess } from "../firmware-process.ts";
import { StagedProgram } from "./staged-program.ts";

let program: StagedProgram;
beforeAll(() => {
  program = new StagedProgram();
});
afterAll(() => program.remove());

async function tried(
  { onTestFinished }: TestContext,
  ...image: Parameters<StagedProgram["image"]>
): Promise<FirmwareProcess> {
  const device = new FirmwareProcess();
  device.main = program.main;
  onTestFinished(() => device.cleanUp());
  expect(device.command("update", "apply", await program.image(...image)).code).toBe(0);
  device.start();
  await device.event("program");
  return device;
}
/** A sealed unit, running, whose updates come from this source and start at once. */
async function following({ onTestFinished }: TestContext, source: object): Promise<FirmwareProcess> {
  const device = new FirmwareProcess();
  device.main = program.main;
  onTestFinished(() => device.cleanUp());
  writeFileSync(join(device.data, "updates.json"), JSON.stringify(source), { mode: 0o600 });
  device.settings({ sensorPeriodSeconds: 1, updateDeferralHours: 0 });
  expect(device.command("seal").code).toBe(0);
  device.startConnected();
  await device.event("first-decision");
  return device;
}

const status = (device: FirmwareProcess) => JSON.parse(device.command("update", "status", "--json").stdout);
const minutes = (count: number): number => count * 60_000;

describe("the built firmware, through a whole trial", () => {
  it(
    "confirms an update that works, and goes back from it when a person asks",
    async (context) => {
      const device = await tried(context, 6);
      await device.event("update-confirmed");
      expect(status(device)).toMatchObject({ active: "a", trial: null, counterFloor: 6 });
      expect(status(device).outcome).toMatchObject({ result: "confirmed", reported: false });
      const from = device.log.length;
      expect(device.command("update", "revert").code).toBe(0);
      await device.event("first-decision", from);
      expect(status(device)).toMatchObject({ active: null, counterFloor: 6, waiting: null });
    },
    minutes(10),
  );

  it(
    "takes a release from its feed by itself, proves it, and goes back from the next one, which is bad",
    async (context) => {
      const url = await program.publish(await program.image(6));
      const device = await following(context, { feed: { url, group: "home" } });
      const checked = device.command("update", "check");
      expect(`${checked.stderr}${checked.stdout}`).toContain("release 0.6.0 is assigned");
      await device.event("update-report-sent", 0, ({ report }) => report === "confirmed");
      expect(status(device)).toMatchObject({ active: "a", counterFloor: 6, outcome: { reported: true } });
      await program.publish(await program.image(7, { loop: 'throw new Error("a bad release");' }));
      expect(device.command("update", "check").code).toBe(0);
      await device.event("update-report-sent", 0, ({ report }) => report === "reverted");
      expect(status(device)).toMatchObject({ active: "a", trial: null, counterFloor: 6 });
      expect(device.command("update", "check").stdout).toContain("no update for this unit");
    },
    minutes(15),
  );

  it(
    "takes a release from hawkBit by itself, finished there once it is proven, and goes back from a bad one, an error there",
    async (context) => {
      const server = await FakeHawkbit.start();
      context.onTestFinished(() => server.close());
      const { state } = server;
      state.pollingSleep = "00:00:10";
      const target = state.addTarget("heater-7");
      const assign = (image: string) =>
        state.assign(target, [state.addModule({ bytes: readFileSync(image) })], { type: "forced" });
      const device = await following(context, {
        hawkbit: {
          server: server.url,
          tenant: state.tenant,
          controllerId: target.id,
          targetToken: target.token,
        },
      });
      const good = assign(await program.image(6));
      await device.event("update-report-sent", 0, ({ report }) => report === "confirmed");
      expect([good.state, target.attributes.get("sealed")]).toEqual(["finished", "true"]);
      expect(status(device)).toMatchObject({ active: "a", counterFloor: 6, outcome: { reported: true } });
      const bad = assign(await program.image(7, { loop: 'throw new Error("a bad release");' }));
      await device.event("update-report-sent", 0, ({ report }) => report === "reverted");
      expect(bad.state).toBe("error");
      expect(bad.statuses.at(-1)?.details.join()).toContain("in 3 starts; the last one: exit code 1");
      expect(status(device)).toMatchObject({ active: "a", trial: null, counterFloor: 6 });
    },
    minutes(15),
  );

  it(
    "goes back from one that hangs at import",
    async (context) => {
      const device = await tried(context, 7, { loop: "for (;;);" });
      await device.event("update-failed");
      await device.event("first-decision");
      expect(status(device).outcome.reason).toBe("it made no step");
    },
    minutes(15),
  );

  it(
    "goes back from one that takes steps and proves nothing",
    async (context) => {
      const loop = `
        process.send({ kind: "hello", protocol: 1 });
        setInterval(() => process.send({ kind: "beat", heaterOn: false }), 1000);
        process.on("message", () => {});`;
      const device = await tried(context, 8, { loop });
      const failed = await device.event("update-failed");
      expect(failed["reason"]).toContain("no good reading");
      await device.event("first-decision");
    },
    minutes(15),
  );
});
