/** The page as a process beside the built firmware: in each mode, when it is killed, and when it is not wanted. */
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { millis } from "../../../src/base/units.ts";
import { systemClock } from "../../../src/firmware/process/system-clock.ts";
import type { DeviceDetail } from "../../../src/hub/page-server/api.ts";
import { testHub } from "../../hub/running-hub.ts";
import { FirmwareProcess, type LogLine } from "../firmware-process.ts";
import { ask } from "./rig.ts";

const portOf = (line: LogLine): number => Number(new URL(String(line["page"])).port);

describe("the page of a running device", () => {
  let device: FirmwareProcess;

  beforeEach(() => {
    device = new FirmwareProcess();
  });
  afterEach(async () => await device.cleanUp());

  const shown = async (port: number) => {
    const { json } = await ask(port, "GET", "/api/devices");
    return (await ask(port, "GET", `/api/devices/${json[0].id}`)).json;
  };
  /** One question after the other, until the answer is as wanted. @returns the answer */
  const shownWith = async (
    port: number,
    isWanted: (detail: DeviceDetail) => boolean,
  ): Promise<DeviceDetail> => {
    for (let tries = 0; ; tries += 1) {
      const detail = await shown(port);
      if (isWanted(detail)) return detail;
      if (tries === 400) throw new Error(`still: ${JSON.stringify(detail).slice(0, 2000)}`);
      await systemClock.sleep(millis(100));
    }
  };

  it("is there without any cloud, with the device's screen, and comes back when it is killed", async () => {
    device.startConnected("--offline");
    const port = portOf(await device.event("page"));
    await shownWith(port, ({ panel }) => panel !== undefined);
    const loop = device.loopPid;
    const from = device.log.length;
    device.signal(device.pagePid, "SIGKILL");
    await device.event("page-lost", from);
    const again = await device.event("page", from);
    expect(await shown(portOf(again))).toMatchObject({ cloudLink: "none" });
    expect(device.loopPid).toBe(loop);
  }, 120_000);

  it("is there with an account, and shows the link to it", async () => {
    const cloud = await testHub();
    const { idScope, registrationId, symmetricKey, provisioningHost } = await cloud.enrolDevice("heater-9");
    writeFileSync(join(device.data, "ca.pem"), cloud.caPem);
    const file = join(device.data, "credentials.json");
    const credentials = { idScope, registrationId, deviceKey: symmetricKey, endpoint: provisioningHost };
    writeFileSync(file, JSON.stringify({ type: "dps-symmetric-key", caFile: "ca.pem", ...credentials }));
    chmodSync(file, 0o600);
    device.startConnected();
    const port = portOf(await device.event("page"));
    await shownWith(port, ({ cloudLink }) => cloudLink === "online");
    expect(device.log.some(({ event }) => event === "local-hub")).toBe(false);
  }, 120_000);

  it("is there with credentials that cannot be used, and shows the fault", async () => {
    writeFileSync(join(device.data, "credentials.json"), "{}", { mode: 0o600 });
    device.startConnected();
    const port = portOf(await device.event("page"));
    await shownWith(port, ({ reported }) => reported["faults"] === "cloud-failed");
  }, 120_000);

  it("answers to the host names that --name adds, and to no others", async () => {
    device.startConnected("--offline", "--name", "heater.lan");
    const port = portOf(await device.event("page"));
    const statusFor = async (name: string) =>
      (await ask(port, "GET", "/api/devices", { headers: { host: `${name}:${port}` } })).status;
    expect(await statusFor("heater.lan")).toBe(200);
    expect(await statusFor("other.lan")).toBe(403);
  }, 120_000);

  it("is not there with --no-page, and the command says so", async () => {
    device.startConnected("--offline", "--no-page");
    await device.event("first-decision");
    const { code, stderr } = device.command("page");
    expect([code, stderr]).toEqual([69, expect.stringContaining("No page is served")]);
    expect(() => device.pagePid).toThrow("no child");
  }, 120_000);

  it("is open to the house on request, and its password is set by the command", async () => {
    device.startConnected("--offline", "--page", "lan");
    const port = portOf(await device.event("page"));
    expect((await ask(port, "GET", "/api/devices")).status).toBe(401);
    const { stdout } = device.command("page");
    expect(stdout).toMatch(/^http:\/\/.*\.local:\d+\//);
    expect(stdout).toContain("until a password is set");
  }, 120_000);
});
