/** The verb `run`, built: which folder a refused command line means, and what becomes of the hub. These take real time. */
import { writeFileSync } from "node:fs";
import { describe, expect, it, type TestContext } from "vitest";
import { FirmwareProcess, stateOf } from "../firmware/firmware-process.ts";

const firmware = ({ onTestFinished }: TestContext): FirmwareProcess => {
  const device = new FirmwareProcess();
  onTestFinished(() => device.cleanUp());
  return device;
};

describe.runIf(process.platform === "linux")("the verb run", { timeout: 180_000 }, () => {
  it("with a flag mistyped forces off the relay of the data folder that was named, in either spelling", async (context) => {
    const device = firmware(context);
    device.start();
    await device.event("first-decision");
    device.signal(device.guardianPid, "SIGTERM");
    await device.exit();
    // Its environment names another folder.
    const elsewhere = firmware(context);
    for (const named of [["--data", device.data], [`--data=${device.data}`]]) {
      writeFileSync(device.relayFile, "1\n");
      expect(elsewhere.plainCommand("run", "--nope", ...named).code).toBe(64);
      expect(device.relay).toBe("0");
    }
  });

  it("ends its hub with itself, also one that hangs", async (context) => {
    const device = firmware(context);
    device.startConnected();
    await device.event("local-hub");
    const { hubPid } = device;
    device.signal(hubPid, "SIGSTOP");
    device.signal(device.guardianPid, "SIGTERM");
    expect(await device.exit()).toBe(0);
    expect(stateOf(hubPid)).toBe("Z");
  });
});
