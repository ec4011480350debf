/** The built firmware, its cloud part in a process of its own, and what happens to that process: heat goes on (SR-11). */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { gone } from "../firmware-process.ts";
import { cloudPid, expectHeatUntouched, firmware, heatingOnline } from "./cloud-firmware.ts";

describe.runIf(process.platform === "linux")(
  "the cloud process",
  { timeout: 300_000, concurrent: true },
  () => {
    it("is a child of the loop, opens no inspector, and ends with the loop", async (context) => {
      const device = firmware(context);
      await heatingOnline(device);
      const pid = cloudPid(device);
      expect(readFileSync(`/proc/${pid}/cmdline`, "utf8")).toContain("cloud.js");
      device.signal(pid, "SIGUSR1");
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect(cloudPid(device)).toBe(pid);
      expect(
        device.log.map(({ event }) => event).filter((event) => /-message-unreadable$/.test(event)),
      ).toEqual([]);
      device.signal(device.guardianPid, "SIGTERM");
      expect(await device.exit()).toBe(0);
      await gone(pid);
    });

    it("may be killed again and again: the heater stays on, the fault shows, and the link comes back", async (context) => {
      const device = firmware(context);
      await heatingOnline(device);
      const { loopPid } = device;
      const start = device.log.length;
      for (let kill = 0; kill < 3; kill += 1) {
        const from = device.log.length;
        device.signal(cloudPid(device), "SIGKILL");
        expect(await device.event("cloud-process-lost", from)).toMatchObject({ reason: "signal SIGKILL" });
        await device.event("cloud-online", from);
      }
      expect(device.log.slice(start)).toContainEqual(
        expect.objectContaining({ event: "fault-raised", fault: "cloud-failed" }),
      );
      await device.event("fault-ended", start, ({ fault }) => fault === "cloud-failed");
      expectHeatUntouched(device, loopPid, start);
    });

    it("ends by itself when the loop is killed, and gives the outbox to the next one", async (context) => {
      const device = firmware(context);
      await heatingOnline(device);
      const pid = cloudPid(device);
      const from = device.log.length;
      device.signal(device.loopPid, "SIGKILL");
      await device.event("cloud-online", from);
      await gone(pid);
      expect(device.log.slice(from).filter(({ code }) => code === "locked")).toEqual([]);
    });
  },
);
