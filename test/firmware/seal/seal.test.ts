import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { seconds } from "../../../src/base/units.ts";
import { kindOf } from "../../../src/firmware/reports/error-report.ts";
import { changeSeal } from "../../../src/firmware/seal/change.ts";
import { isSealed, mayDebug, readSeal, sealFile } from "../../../src/firmware/seal/seal.ts";
import { SealWatch } from "../../../src/firmware/seal/seal-watch.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import { type LogLine, recordingLog, testHub } from "../../hub/running-hub.ts";
import { FirmwareProcess } from "../firmware-process.ts";

let data: string;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), "seal-"));
  const folder = data;
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
});
const nowMs = Date.UTC(2026, 0, 1);

describe("a seal", () => {
  it("is undecided at first: the page is open to this machine, and there is no debugger", () => {
    expect(readSeal(data)).toEqual({ state: "undecided", changes: [], damage: undefined });
    expect([isSealed(data), mayDebug(data)]).toEqual([false, false]);
  });

  it("is set and taken off, 0600, with who and when for the last twenty times", async () => {
    expect(await changeSeal(data, "sealed", nowMs)).toBe("undecided");
    expect([isSealed(data), mayDebug(data)]).toEqual([true, false]);
    expect(statSync(sealFile(data)).mode & 0o777).toBe(0o600);
    expect(await changeSeal(data, "sealed", nowMs)).toBe("sealed");
    expect(readSeal(data).changes).toHaveLength(1);
    expect(await changeSeal(data, "unsealed", nowMs + 1000)).toBe("sealed");
    expect([isSealed(data), mayDebug(data)]).toEqual([false, true]);
    const by: unknown = expect.stringMatching(/./);
    expect(readSeal(data).changes).toEqual([
      { state: "sealed", at: "2026-01-01T00:00:00.000Z", by },
      { state: "unsealed", at: "2026-01-01T00:00:01.000Z", by },
    ]);
    for (let at = 0; at < 25; at++) await changeSeal(data, at % 2 === 0 ? "sealed" : "unsealed", nowMs);
    expect(readSeal(data).changes).toHaveLength(20);
    expect(isSealed(data)).toBe(true);
  });

  it.each([
    ["cut off", '{"changes":[{"state":"unsealed","at'],
    ["empty", ""],
    ["without a change", '{"changes":[]}'],
    ["of another word", '{"changes":[{"state":"open","at":"x","by":"y"}]}'],
    ["too large", `{"changes":[{"state":"unsealed","at":"${"x".repeat(20_000)}","by":"y"}]}`],
  ])("that is %s counts as sealed, and can be set again", async (_what, text) => {
    writeFileSync(sealFile(data), text);
    expect(readSeal(data)).toMatchObject({ state: "sealed", damage: expect.stringMatching(/./) });
    expect(mayDebug(data)).toBe(false);
    await changeSeal(data, "unsealed", nowMs);
    expect(mayDebug(data)).toBe(true);
  });

  it("with a folder in its place counts as sealed", () => {
    mkdirSync(sealFile(data));
    expect(isSealed(data)).toBe(true);
  });

  it.runIf(process.getuid?.() === 0)("set by root belongs to whom the data folder belongs to", async () => {
    const { chownSync } = await import("node:fs");
    chownSync(data, 4711, 4712);
    await changeSeal(data, "sealed", nowMs);
    expect(statSync(sealFile(data))).toMatchObject({ uid: 4711, gid: 4712 });
  });
});

it("a change is logged while the firmware runs, with who made it; a damaged file as an error", async () => {
  const clock = new VirtualClock();
  const lines: LogLine[] = [];
  const watch = new SealWatch(clock, recordingLog(lines), () => readSeal(data));
  expect([watch.sealed, lines]).toEqual([false, []]);
  await changeSeal(data, "sealed", nowMs);
  await clock.advance(seconds(9));
  expect(watch.sealed).toBe(false);
  await clock.advance(seconds(1));
  expect(watch.sealed).toBe(true);
  await changeSeal(data, "unsealed", nowMs);
  await clock.advance(seconds(10));
  expect(watch.sealed).toBe(false);
  writeFileSync(sealFile(data), "x");
  await clock.advance(seconds(10));
  expect([watch.sealed, watch.sealed]).toEqual([true, true]);
  expect(lines.map(({ level, event }) => `${level} ${event}`)).toEqual([
    "info sealed",
    "warn unsealed",
    "error seal-damaged",
  ]);
  expect(readFileSync(sealFile(data), "utf8")).toBe("x");
});

it("that is damaged is reported at the start of a firmware without a cloud", {
  timeout: 60_000,
}, async () => {
  const firmware = new FirmwareProcess();
  onTestFinished(() => firmware.cleanUp());
  writeFileSync(sealFile(firmware.data), "x");
  firmware.start();
  await firmware.event("seal-damaged");
  expect(kindOf("seal-damaged")).toBe("fault");
});

describe("the page of a sealed unit", () => {
  const ask = (url: string, path: string, init: RequestInit = {}) =>
    fetch(new URL(path, url), { ...init, headers: { "content-type": "application/json", ...init.headers } });

  it("shows and changes nothing without a password, from one request to the next", async () => {
    let sealed = false;
    const hub = await testHub({ isSealed: () => sealed });
    await hub.enrolDevice("heater-1");
    const { pageUrl } = hub.addresses;
    const edit = () =>
      ask(pageUrl, "/api/devices/heater-1/desired", {
        method: "PATCH",
        body: '{"properties":{"targetTemperature":21}}',
      });
    expect((await edit()).status).toBe(200);
    sealed = true;
    const refused = await edit();
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({ error: { code: "sealed" } });
    for (const [method, path] of [
      ["POST", "/api/devices/heater-1/command"],
      ["POST", "/api/devices/heater-1/message"],
      ["POST", "/api/devices/heater-1/panel"],
      ["PUT", "/api/devices/heater-1/cable"],
      ["PUT", "/api/devices/heater-1/throttle"],
    ] as const) {
      expect([path, (await ask(pageUrl, path, { method, body: "{}" })).status]).toEqual([path, 403]);
    }
    expect(hub.core.devices.get("heater-1")?.desired.version).toBe(2);
    expect((await ask(pageUrl, "/api/devices/heater-1")).status).toBe(200);
    expect(await (await ask(pageUrl, "/api/hub")).json()).toMatchObject({ sealed: true });
    sealed = false;
    expect((await edit()).status).toBe(200);
  });

  it("takes changes from whoever gave its password", async () => {
    const hub = await testHub({ isSealed: () => true, pagePassword: "correct horse" });
    await hub.enrolDevice("heater-1");
    const edit = (headers: Record<string, string>) =>
      ask(hub.addresses.pageUrl, "/api/devices/heater-1/desired", {
        method: "PATCH",
        headers,
        body: '{"properties":{"targetTemperature":21}}',
      });
    expect((await edit({})).status).toBe(401);
    const authorization = `Basic ${Buffer.from("me:correct horse").toString("base64")}`;
    expect((await edit({ authorization })).status).toBe(200);
  });
});
