/** Symbolic links where a slot has files and folders, on a real file system. */
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../../src/firmware/process/system-clock.ts";
import { systemSlotFiles } from "../../../src/update/slots/slot-files.ts";
import { SlotStore } from "../../../src/update/slots/slot-store.ts";
import { imageOf, stream, thisDevice, trusted } from "../fixtures.ts";

function unit() {
  const root = mkdtempSync(join(tmpdir(), "slots-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const folder = join(root, "slots");
  const outside = join(root, "outside");
  mkdirSync(folder);
  mkdirSync(outside);
  writeFileSync(join(outside, "loop.js"), "of somebody else");
  return { folder, outside, store: new SlotStore(systemSlotFiles(systemClock), folder) };
}
const install = ({ store }: ReturnType<typeof unit>) =>
  store.install(stream(imageOf(6)), trusted, thisDevice);

describe("a symbolic link in the slots", () => {
  it.each(["a", "a.image", "a/dist"])(
    "in the place of %s is replaced, and what it leads to stays",
    async (name) => {
      const made = unit();
      const { folder, outside, store } = made;
      if (name.includes("/")) mkdirSync(join(folder, "a"));
      symlinkSync(outside, join(folder, name));
      expect((await install(made)).slot).toBe("a");
      expect(lstatSync(join(folder, name)).isSymbolicLink()).toBe(false);
      expect(readFileSync(join(outside, "loop.js"), "utf8")).toBe("of somebody else");
      await expect(store.verify("a", trusted)).resolves.toMatchObject({ counter: 6 });
    },
  );

  it("to another content is noticed before the start", async () => {
    const made = unit();
    await install(made);
    const file = join(made.store.programIn("a"), "dist", "loop.js");
    rmSync(file);
    symlinkSync(join(made.outside, "loop.js"), file);
    await expect(made.store.verify("a", trusted)).rejects.toMatchObject({ code: "wrong-content" });
  });
});
