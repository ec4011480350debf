/** The built firmware, its cloud part in a process of its own, and what happens to that process: heat goes on (SR-11). */
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { FirmwareProcess } from "../firmware-process.ts";
import { cloudPid, eventsOf, expectHeatUntouched, firmware, heatingOnline } from "./cloud-firmware.ts";

const outboxOf = (device: FirmwareProcess) => join(device.data, "hub-device", "outbox");

describe.runIf(process.platform === "linux")(
  "the cloud process",
  { timeout: 300_000, concurrent: true },
  () => {
    it("that hangs is killed and started again, and no step is late meanwhile", async (context) => {
      const device = firmware(context);
      await heatingOnline(device);
      const { loopPid } = device;
      const from = device.log.length;
      device.signal(cloudPid(device), "SIGSTOP");
      await device.event("cloud-process-silent", from);
      await device.event("cloud-online", from);
      expectHeatUntouched(device, loopPid, from);
    });

    it("works with whatever lies in its outbox: heat goes on, the link is there, what is lost is counted", async (context) => {
      const device = firmware(context);
      await heatingOnline(device);
      device.signal(device.guardianPid, "SIGTERM");
      await device.exit();
      const folder = outboxOf(device);
      const [segment = ""] = readdirSync(folder).filter((name) => name.endsWith(".seg"));
      const whole = readFileSync(join(folder, segment));
      const damages: readonly (() => void)[] = [
        () => writeFileSync(join(folder, segment), Buffer.alloc(4096, 0xff)),
        () => truncateSync(join(folder, segment), Math.floor(statSync(join(folder, segment)).size / 2)),
        () => writeFileSync(join(folder, segment), ""),
        () => writeFileSync(join(folder, "CURRENT"), "MANIFEST-000001\n"),
        () => {
          rmSync(folder, { recursive: true });
          writeFileSync(folder, "a file in its place");
        },
      ];
      for (const damage of damages) {
        rmSync(folder, { recursive: true });
        mkdirSync(folder);
        writeFileSync(join(folder, segment), whole);
        damage();
        const from = device.log.length;
        device.startConnected();
        await device.event("cloud-online", from);
        await device.event("first-decision", from);
        expect(eventsOf(device, from)).not.toContain("cloud-process-lost");
        device.signal(device.guardianPid, "SIGTERM");
        await device.exit();
      }
      expect(device.log.filter(({ event }) => event === "outbox-repaired")).not.toEqual([]);
      // Where telemetry cannot be kept, the panel says so.
      expect(device.log).toContainEqual(
        expect.objectContaining({ event: "fault-raised", fault: "cloud-failed" }),
      );
    });
  },
);
