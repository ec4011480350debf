/** What `npm start` is without an account: the firmware, its hub and its page, as three parts of one run. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, it, type TestContext } from "vitest";
import { FirmwareProcess } from "../firmware-process.ts";

const main = fileURLToPath(new URL("../../../dist/main.js", import.meta.url));

const firmware = ({ onTestFinished }: TestContext): FirmwareProcess => {
  const process = new FirmwareProcess();
  onTestFinished(() => process.cleanUp());
  return process;
};

const online = (device: FirmwareProcess, from = 0) => device.event("cloud-online", from);

interface Device {
  readonly id: string;
  readonly connected: boolean;
}

async function onlyDevice(page: string): Promise<Device> {
  const [device] = (await (await fetch(new URL("/api/devices", page))).json()) as Device[];
  if (device === undefined) throw new Error("the hub knows no device");
  return device;
}

describe.runIf(process.platform === "linux")("a run without credentials", { timeout: 60_000 }, () => {
  it("comes online at its own hub, serves the page, and follows a set-point from there", async (context) => {
    const device = firmware(context);
    device.startConnected();
    const page = String((await device.event("local-hub"))["page"]);
    await online(device);
    expect(await (await fetch(page)).text()).toContain("<title>");
    const { id, connected } = await onlyDevice(page);
    expect(connected).toBe(true);
    const edited = await fetch(new URL(`/api/devices/${id}/desired`, page), {
      method: "PATCH",
      headers: { "content-type": "application/json", origin: new URL(page).origin },
      body: JSON.stringify({ properties: { targetTemperature: 21.5 } }),
    });
    expect(edited.status).toBe(200);
    expect(await device.event("target")).toMatchObject({ to: 21.5, source: "cloud" });
    expect(await device.event("twin-decision")).toMatchObject({
      rule: "RR-2",
      property: "targetTemperature",
    });
  });

  it("comes online at its own hub without a page as well", async (context) => {
    const device = firmware(context);
    device.startConnected("--no-page");
    expect(await device.event("local-hub")).toMatchObject({ page: "none" });
    await online(device);
    const { code, stdout } = device.command("hub", "show");
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^Page +none\nDevices +localhost[:,]/m)]);
  });

  it("heats on when the hub is killed, and is online again when the guardian has restarted it", async (context) => {
    const device = firmware(context);
    device.startConnected();
    await online(device);
    await device.heaterOn();
    const from = device.log.length;
    device.signal(hubPid(device), "SIGKILL");
    await device.event("cloud-offline", from);
    expect(device.relay).toBe("1");
    await online(device, from);
    expect(device.relay).toBe("1");
    expect(device.log.slice(from).map(({ event }) => event)).not.toContain("crash");
  });
});

describe.runIf(process.platform === "linux")("two hubs for one data folder", { timeout: 120_000 }, () => {
  it("are one: a run beside a hub uses that one, a second hub says where it is, and versions never fall", async (context) => {
    const device = firmware(context);
    const hub = spawn(process.execPath, [main, "hub", "--data", device.data, "--log", "json"]);
    context.onTestFinished(() => void hub.kill("SIGKILL"));
    const ready = await new Promise<{ page: string }>((resolve) => {
      createInterface({ input: hub.stdout }).on("line", (line) => {
        const said = JSON.parse(line) as { event: string; page: string };
        if (said.event === "hub-ready") resolve(said);
      });
    });
    device.startConnected();
    expect(await device.event("local-hub")).toMatchObject({ page: ready.page });
    await online(device);
    const { id, connected } = await onlyDevice(ready.page);
    expect(connected).toBe(true);
    const second = device.command("hub");
    expect(second.code).toBe(75);
    expect(second.stderr).toContain(ready.page);
    const setTarget = async (page: string, targetTemperature: number): Promise<number> => {
      const edited = await fetch(new URL(`/api/devices/${id}/desired`, page), {
        method: "PATCH",
        headers: { "content-type": "application/json", origin: new URL(page).origin },
        body: JSON.stringify({ properties: { targetTemperature } }),
      });
      return ((await edited.json()) as { desiredVersion: number }).desiredVersion;
    };
    const before = await setTarget(ready.page, 21.5);
    await device.event("target", 0, ({ to }) => to === 21.5);

    // The one that had joined takes over, with the same folder behind it.
    const from = device.log.length;
    hub.kill("SIGKILL");
    await device.event("cloud-offline", from);
    const page = String((await device.event("local-hub", from))["page"]);
    await online(device, from);
    expect(await setTarget(page, 22)).toBe(before + 1);
    await device.event("target", from, ({ to }) => to === 22);
  });
});

/** The guardian's other child. */
function hubPid(device: FirmwareProcess): number {
  const { guardianPid } = device;
  const children = readFileSync(`/proc/${guardianPid}/task/${guardianPid}/children`, "utf8")
    .trim()
    .split(" ");
  const hub = children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("\0hub\0"));
  if (hub === undefined) throw new Error("the hub does not run");
  return Number(hub);
}
