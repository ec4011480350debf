/** A hundred starts, each after a boot that left its notes under some other process's number. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { segmentStore } from "../../src/azure/outbox/segments/store.ts";
import { wallMillis } from "../../src/base/units.ts";
import { takeLock } from "../../src/firmware/guardian/hardware-lock.ts";
import { claimHub } from "../../src/firmware/hub-process/claim.ts";
import { uniform } from "../../src/simulation/noise.ts";
import { leaveNotes, someProcess } from "./stale-locks.ts";

const seed = Number(process.env["SEED"] ?? Date.now() % 2 ** 31);
const starts = 100;

let data: string;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), "stale-locks-"));
});
afterEach(() => rmSync(data, { recursive: true }));

it(`every one of ${starts} starts takes the hardware, the outbox and the hub, whoever's number is in the notes`, async () => {
  const random = uniform(seed);
  for (let count = 1; count <= starts; count += 1) {
    const pid = someProcess(random);
    leaveNotes(data, pid);
    const where = `SEED=${seed}, start ${count}, process ${pid}`;
    const hardware = takeLock({ kind: "folder", path: data }, data);
    expect(hardware.kind, where).toBe("held");
    const { store } = await segmentStore(join(data, "outbox"), () => wallMillis(0))("none");
    const hub = await claimHub(join(data, "hub"));
    await store.close();
    await hub.release();
    if (hardware.kind === "held") hardware.release();
  }
});

it("so does each where nobody can be asked for a lock, and the notes are all there is", async () => {
  const random = uniform(seed);
  const path = process.env["PATH"];
  process.env["PATH"] = "/nowhere";
  try {
    for (let count = 1; count <= starts; count += 1) {
      const pid = someProcess(random);
      leaveNotes(data, pid);
      const hardware = takeLock({ kind: "folder", path: data }, data);
      expect(hardware.kind, `SEED=${seed}, start ${count}, process ${pid}`).toBe("held");
      if (hardware.kind === "held") hardware.release();
    }
  } finally {
    process.env["PATH"] = path;
  }
});
