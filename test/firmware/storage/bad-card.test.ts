/** A card that takes nothing for a while: what a person set is in force, the screen says why it may be lost (SR-11). */
import { describe, expect, it } from "vitest";
import { minutes, seconds } from "../../../src/base/units.ts";
import { type DurableFiles, memoryFiles } from "../../../src/firmware/storage/durable-files.ts";
import { cloudRig } from "../cloud-process/rig.ts";

describe("a set-point while the card takes nothing", () => {
  it.each(["EROFS", "ENOSPC", "EIO"])(
    "%s: is in force and shown with the fault, heats, and is stored when the card is back",
    async (code) => {
      const content = new Map<string, string>();
      const memory = memoryFiles(content);
      let refuses = false;
      const files: DurableFiles = {
        ...memory,
        async writeDurably(path, text) {
          if (refuses) throw Object.assign(new Error(code), { code });
          await memory.writeDurably(path, text);
        },
      };
      const { clock, hat, hub, device } = await cloudRig({}, undefined, { files });
      await clock.advance(minutes(5));
      const stored = () => JSON.parse(content.get("/state.json")?.split("\n")[1] ?? "{}").target;
      expect(stored()).toBe(19);
      refuses = true;
      hat.press("b");
      await clock.advance(seconds(2));
      hat.press("b");
      await clock.advance(seconds(2));
      expect(device.inForce.values.targetTemperature).toBe(19.5 + 0.5);
      expect(device.activeFaults).toContain("storage-failed");
      expect(hub.record.reported.properties["faults"]).toContain("storage-failed");
      await clock.advance(minutes(60));
      hat.catchUp();
      expect(hat.contactClosed).toBe(true);
      expect([device.inForce.values.targetTemperature, stored()]).toEqual([20, 19]);
      refuses = false;
      await clock.advance(seconds(11));
      expect(stored()).toBe(20);
      expect(device.activeFaults).not.toContain("storage-failed");
    },
  );
});
