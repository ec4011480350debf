/** The link under the knife: whatever is cut, however often, it comes back, and nothing that was said is lost. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { millis } from "../../../src/base/units.ts";
import { systemClock } from "../../../src/firmware/process/system-clock.ts";
import { message, Recorder, Rig, until } from "../rig.ts";

let rig: Rig;
beforeEach(async () => {
  rig = await Rig.make();
});
afterEach(() => rig.end());

const ms = (value: number) => millis(value);

describe("a link that is cut", () => {
  it("comes back after 60 cuts of every kind, and every message arrives in order", async () => {
    const link = rig.open();
    await until(() => rig.seen.online > 0, "the first link");
    let next = 0;
    let running = true;
    const flow = (async () => {
      while (running) {
        // As an outbox would: the same message until it is acknowledged.
        if ((await link.send(message(String(next)))) === "ok") next++;
        else await systemClock.sleep(ms(3));
      }
    })();
    const kinds = ["close", "reset", "restart", "silence"] as const;
    const recoveries: number[] = [];
    for (let cut = 0; cut < 60; cut++) {
      const kind = kinds[cut % kinds.length] ?? "close";
      const twinsBefore = rig.seen.twins.length;
      const toldBefore = rig.seen.links.length;
      if (kind === "close") rig.cable.closeAll();
      else if (kind === "reset") rig.cable.resetAll();
      else if (kind === "restart") await rig.hub.restart();
      else {
        rig.cable.silence(true);
        await until(() => rig.seen.links.length > toldBefore, "the silence to be noticed");
        rig.cable.silence(false);
      }
      const cutAt = systemClock.now();
      await until(() => rig.seen.twins.length > twinsBefore, `the link after cut ${cut} (${kind})`);
      const twin = rig.seen.patches.length;
      rig.hub.setDesired({ targetTemperature: 20 + (cut % 5) });
      await until(() => rig.seen.patches.length > twin, `a desired patch after cut ${cut} (${kind})`);
      recoveries.push(systemClock.now() - cutAt);
      const sent = next;
      await until(() => next > sent + 2, "telemetry to flow");
    }
    running = false;
    await flow;
    const ids = rig.hub.telemetry.map(({ topic }) =>
      Number(/mid=(\d+)/.exec(decodeURIComponent(topic))?.[1]),
    );
    const firsts = [...new Set(ids)];
    expect(firsts).toEqual(Array.from({ length: firsts.length }, (_, i) => i));
    expect(firsts.length).toBeGreaterThanOrEqual(next);
    recoveries.sort((a, b) => a - b);
    const [median = 0, worst = 0] = [recoveries[30], recoveries.at(-1)];
    console.log(
      `60 cuts: recovery median ${Math.round(median)} ms, worst ${Math.round(worst)} ms, floor 20 ms`,
    );
    expect(median).toBeLessThan(500);
    expect(rig.cable.connections).toBe(1);
  }, 60_000);

  it("is found by the keep-alive alone when it falls silent and nothing is sent", async () => {
    rig.open({ tuning: { callMs: ms(60_000) } });
    await until(() => rig.seen.online > 0, "the first link");
    rig.cable.silence(true);
    const cutAt = systemClock.now();
    await until(() => rig.seen.cause === "dropped", "the silence to be noticed");
    expect(systemClock.now() - cutAt).toBeLessThan(2500);
  });

  it("closes in time on a silent cable, and leaves no socket", async () => {
    const link = rig.open();
    await until(() => rig.seen.online > 0, "the link");
    rig.cable.silence(true);
    const before = systemClock.now();
    await link.close();
    expect(systemClock.now() - before).toBeLessThan(1000);
    await until(() => rig.cable.connections === 0, "the socket to be gone");
    expect(rig.seen.links.at(-1)).toMatchObject({ state: "offline", code: undefined });
  });

  it("closes while it connects, and while it waits", async () => {
    rig.cable.silence(true);
    const connecting = rig.open();
    await until(() => rig.cable.made > 0, "the attempt");
    await connecting.close();
    rig.cable.silence(false);
    rig.cable.unplugged = true;
    const waiting = rig.open({ tuning: { floorMs: ms(30_000) } });
    await until(() => rig.seen.cause !== undefined, "the wait");
    await waiting.close();
    await until(() => rig.cable.connections === 0, "the sockets to be gone");
  });
});

describe("a token that ends", () => {
  it("is replaced by a fresh connection with a fresh token, without an offline in between", async () => {
    rig.open({ tuning: { tokenMs: ms(1500) } });
    await until(() => rig.seen.twins.length >= 2, "the second connection");
    expect(rig.seen.links.map(({ state }) => state)).not.toContain("offline");
    expect(
      new Set(rig.hub.passwords.filter((password) => password.includes("devices"))).size,
    ).toBeGreaterThan(1);
  });
});

describe("two devices with one id", () => {
  it("do not storm: the floor holds although each connection succeeds, and the cause is named", async () => {
    const other = new Recorder();
    const started = systemClock.now();
    const tuning = { steadyMs: ms(60_000), capMs: ms(400) };
    rig.open({ tuning });
    rig.open({ tuning }, other);
    await until(
      () => [rig.seen, other].some((seen) => seen.links.some(({ code }) => code === "duplicate-id")),
      "the cause",
      10_000,
    );
    const elapsed = systemClock.now() - started;
    // Both, each with DPS and hub, at most one attempt per floor.
    expect(rig.cable.made).toBeLessThanOrEqual(4 + (2 * elapsed) / 20);
    // The waits grow. On a busy machine many an attempt is evicted before it is online, which proves no second device.
    expect(rig.cable.made).toBeLessThan(40 + (2 * elapsed) / 50);
  });
});

describe("the hub that DPS assigned", () => {
  it("is remembered over a restart, and asked for again after three failures", async () => {
    const first = rig.open();
    await until(() => rig.seen.online === 1, "the link");
    await first.close();
    rig.open();
    await until(() => rig.seen.online === 2, "the second link");
    expect(rig.hub.registrations).toBe(1);
    // The hub moves: what is remembered leads nowhere, DPS knows better.
    const kept = JSON.parse(rig.files.get("/data/cloud.json") ?? "{}");
    kept.assigned.host = "localhost:1";
    await rig.end();
    const files = new Map([["/data/cloud.json", JSON.stringify(kept)]]);
    rig = await Rig.make();
    kept.identity = `localhost:${rig.cable.port}/0ne00000001/dev-1`;
    files.set("/data/cloud.json", JSON.stringify(kept));
    for (const [path, text] of files) rig.files.set(path, text);
    rig.open();
    await until(() => rig.seen.online === 1, "the link by DPS");
    expect(rig.hub.registrations).toBe(1);
    expect(rig.seen.lines.filter((line) => line.includes("cloud-offline"))).toHaveLength(3);
    expect(rig.files.get("/data/cloud.json")).toContain(`localhost:${rig.cable.port}`);
  });

  it("is used although the disk takes nothing", async () => {
    const files = {
      read: async () => undefined,
      writeDurably: async () => {
        throw new Error("ENOSPC");
      },
      rename: async () => {},
      syncFolder: async () => {},
    };
    rig.open({ files });
    await until(() => rig.seen.online === 1, "the link");
    expect(rig.seen.lines.join("\n")).toContain("cloud-notes-failed");
  });
});
