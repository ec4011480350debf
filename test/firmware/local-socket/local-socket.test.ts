/** The local socket: commands of this machine ask and change a running device, and nothing that they send disturbs it. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createConnection, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { silentLog } from "../../../src/base/log.ts";
import { celsius, minutes, relativeHumidity, seconds } from "../../../src/base/units.ts";
import { openHat } from "../../../src/board/open-hat.ts";
import { Device } from "../../../src/firmware/device.ts";
import { askUnstored } from "../../../src/firmware/local-socket/ask-history.ts";
import { LocalClient } from "../../../src/firmware/local-socket/local-client.ts";
import { LocalFace } from "../../../src/firmware/local-socket/local-face.ts";
import { LogFeed } from "../../../src/firmware/local-socket/log-feed.ts";
import { maxLineBytes } from "../../../src/firmware/local-socket/messages.ts";
import { socketFileIn } from "../../../src/firmware/local-socket/socket-file.ts";
import { systemClock } from "../../../src/firmware/process/system-clock.ts";
import { memoryFiles } from "../../../src/firmware/storage/durable-files.ts";
import { StateStore } from "../../../src/firmware/storage/state-store.ts";
import { defaultSettings } from "../../../src/model/settings.ts";
import { dailyOutside, Room, roomPresets } from "../../../src/simulation/room/room.ts";
import { Surroundings } from "../../../src/simulation/room/surroundings.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import { VirtualHat } from "../../../src/simulation/virtual-hat/virtual-hat.ts";
import { virtualWiring as wiring } from "../../simulation/virtual-hat/test-hat.ts";
import { rowsAt } from "../history/rig.ts";

/** Each with all that a row can hold. */
const unstored = {
  end: { number: 7, bytes: 4242 },
  rows: rowsAt(1, 241).map((row) => ({
    ...row,
    faults: ["a", "b", "c", "d"].map((each) => each.repeat(32)),
  })),
};

/** A device in virtual time, whose face listens on a real socket. */
async function running({ longName = false, hangs = false } = {}) {
  const base = mkdtempSync(join(tmpdir(), "local-socket-"));
  const data = longName ? join(base, "x".repeat(150)) : base;
  mkdirSync(data, { recursive: true });
  const clock = new VirtualClock();
  const room = new Room(roomPresets.fanHeater, {
    temperature: celsius(17.6),
    humidity: relativeHumidity(48),
    seed: 1,
  });
  const hat = new VirtualHat({
    clock,
    wiring,
    plant: new Surroundings(room, { outside: dailyOutside(celsius(2), 4) }),
  });
  const logs = new LogFeed(systemClock);
  const log = logs.watch(silentLog);
  const memory = memoryFiles();
  const files = hangs ? { ...memory, writeDurably: () => new Promise<never>(() => {}) } : memory;
  const device = await Device.start({
    hat: await openHat({ hardware: hat.connect(), wiring, clock, log: silentLog }),
    settings: defaultSettings,
    store: new StateStore("/state.json", files, clock),
    clock,
    log,
    firmware: "0.1.0",
  });
  const listen = async () => {
    const about = { dataPath: data, firmware: "0.1.0", board: "virtual" };
    const opened = new LocalFace({ ...about, clock: systemClock, log, logs, history: { unstored } });
    await device.addFace(opened);
    return opened;
  };
  const face = await listen();
  await clock.advance(seconds(5));
  onTestFinished(async () => {
    await face.close();
    device.abandon();
    rmSync(base, { recursive: true, force: true });
  });
  const connect = async () => {
    const client = await LocalClient.connect(data);
    onTestFinished(() => client.close());
    return client;
  };
  return { data, clock, device, face, connect, listen, log };
}

/** Sends bytes as they are. @returns all that came until the device closed the connection */
function raw(data: string, ...chunks: (string | Buffer)[]): Promise<string> {
  return new Promise((resolve) => {
    const socket = createConnection(socketFileIn(data));
    let got = "";
    socket.on("data", (chunk) => {
      got += String(chunk);
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(got));
    for (const chunk of chunks) socket.write(chunk);
  });
}

describe("the local socket", () => {
  it("tells the status of the device", async () => {
    const client = await (await running()).connect();
    client.send({ kind: "status" });
    const { status } = await client.receive("status");
    expect(status).toMatchObject({
      firmware: "0.1.0",
      board: "virtual",
      aim: 19,
      heater: true,
      link: "none",
      faults: [],
      values: { targetTemperature: { value: 19, source: "default", changedAt: null } },
    });
    expect(status.temperature).toBeCloseTo(17.6, 0);
  });

  it("sets a value, which is in force and stored when the answer comes, and names the source", async () => {
    const { connect, device } = await running();
    const client = await connect();
    const stored = await client.request((id) => ({
      kind: "set",
      id,
      name: "targetTemperature",
      value: 21.5,
    }));
    expect(stored).toBe(true);
    expect(device.stored).toBe(true);
    expect(device.inForce.values.targetTemperature).toBe(21.5);
    expect(device.inForce.changes.targetTemperature.source).toBe("local");
  });

  it.each([
    ["targetTemperature", 99, /5 to 30/],
    ["targetTemperature", "warm", /must be a number/],
    ["schedule", { monday: "7:00 20, 6:00 16" }, /schedule must have a valid monday: 06:00 must come after/],
    ["schedule", { monday: "7:00 31" }, /07:00 31 is not within 5 to 30 °C/],
    ["schedule", 5, /must be an object/],
    ["firmwareVersion", "9", /no property firmwareVersion/],
    ["__proto__", 1, /no property __proto__/],
  ])("refuses %s = %s with the reason, and changes nothing", async (name, value, reason) => {
    const { connect, device } = await running();
    const client = await connect();
    const before = device.inForce.values;
    await expect(client.request((id) => ({ kind: "set", id, name, value }))).rejects.toThrow(reason);
    expect(device.inForce.values).toEqual(before);
  });

  it("gives the rows of the history that are not stored, as many as there can be, and where the stored end", async () => {
    const client = await (await running()).connect();
    expect(await askUnstored(client)).toEqual(unstored);
  });

  it("starts and ends a boost, and clears faults", async () => {
    const { connect, device } = await running();
    const client = await connect();
    await client.request((id) => ({ kind: "boost", id, minutes: 30 }));
    expect(device.inForce.aim).toBe(22);
    await client.request((id) => ({ kind: "boost", id, minutes: 0 }));
    expect(device.inForce.aim).toBe(19);
    expect(await client.request((id) => ({ kind: "clear-faults", id }))).toBe(true);
  });

  it("sets a schedule, and presets against it", async () => {
    const { connect, device } = await running();
    const client = await connect();
    const value = { monday: "06:30 20, 22:00 16" };
    await client.request((id) => ({ kind: "set", id, name: "schedule", value }));
    expect(device.inForce.values.schedule).toEqual(value);
    await client.request((id) => ({ kind: "preset", id, preset: "away" }));
    client.send({ kind: "status" });
    const { status } = await client.receive("status");
    expect(status).toMatchObject({ aim: 12, setPointFrom: "away" });
    expect(status.values["schedule"]?.value).toEqual(value);
    await client.request((id) => ({ kind: "preset", id, preset: "none" }));
    expect(device.inForce.aim).toBe(19);
  });

  it("answers that a change is not stored while the disk hangs", { timeout: 60_000 }, async () => {
    const { connect, device } = await running({ hangs: true });
    const client = await connect();
    const stored = await client.request((id) => ({ kind: "set", id, name: "targetTemperature", value: 20 }));
    expect(stored).toBe(false);
    expect(device.inForce.values.targetTemperature).toBe(20);
  });

  it("goes on with each change for one that watches", async () => {
    const { connect, device, clock } = await running();
    const client = await connect();
    const aims: number[] = [];
    const both = new Promise<void>((resolve) => {
      client
        .each((message) => {
          if (message.kind === "status") aims.push(message.status.aim);
          if (aims.includes(19) && aims.includes(22)) resolve();
        })
        .catch(() => {});
    });
    client.send({ kind: "watch" });
    await (await connect()).request((id) => ({ kind: "set", id, name: "targetTemperature", value: 22 }));
    await clock.advance(minutes(1));
    await both;
    expect(device.inForce.aim).toBe(22);
  });

  it("shows the latest log events, and each new one to one that follows", async () => {
    const { connect, log } = await running();
    log.warn("old-news", { part: "x y" });
    const client = await connect();
    const seen: string[] = [];
    const followed = new Promise<void>((resolve) => {
      client
        .each((message) => {
          if (message.kind === "log") seen.push(`${message.level} ${message.event} ${message.text}`);
          if (message.kind === "logs-shown") log.info("new-news");
          if (seen.at(-1)?.includes("new-news")) resolve();
        })
        .catch(() => {});
    });
    client.send({ kind: "logs", follow: true });
    await followed;
    expect(seen).toContain("warn old-news part=x y");
  });

  it("may be used by its owner only, and is gone when the device stops", async () => {
    const { data, face } = await running();
    expect(statSync(socketFileIn(data)).mode & 0o777).toBe(0o600);
    await face.close();
    expect(existsSync(socketFileIn(data))).toBe(false);
    await expect(LocalClient.connect(data)).rejects.toThrow(/No running device answers/);
  });

  it("replaces the socket that a killed process left", async () => {
    const { data, listen, connect } = await running();
    // A second face in place of the first, whose file is still there.
    const second = await listen();
    onTestFinished(() => second.close());
    expect((await connect()) instanceof LocalClient).toBe(true);
    expect(existsSync(socketFileIn(data))).toBe(true);
  });

  it("works in a folder whose path is longer than the kernel takes", async () => {
    const client = await (await running({ longName: true })).connect();
    client.send({ kind: "status" });
    expect((await client.receive("status")).status.board).toBe("virtual");
  });

  it("leaves a file of somebody else in its place, and the device goes on", async () => {
    const { data, face, listen, device } = await running();
    await face.close();
    writeFileSync(socketFileIn(data), "mine");
    const second = await listen();
    onTestFinished(() => second.close());
    expect(statSync(socketFileIn(data)).isFile()).toBe(true);
    expect(device.request({ kind: "clear-faults", source: "local" })).toBeUndefined();
  });

  it.each([
    ["a line without end", Buffer.alloc(maxLineBytes + 2, 97), /longer than/],
    ["no JSON", "hello\n", /no message of this protocol/],
    ["another kind", '{"kind":"format-disk"}\n', /no message of this protocol/],
    ["bytes", Buffer.from([0, 255, 254, 10]), /no message of this protocol/],
    ["a flood", '{"kind":"status"}\n'.repeat(1000), /too many requests/],
  ])("disconnects a client that sends %s, and answers the next one", async (_what, bytes, reason) => {
    const { data, connect, device } = await running();
    expect(await raw(data, bytes)).toMatch(reason);
    const client = await connect();
    client.send({ kind: "status" });
    expect((await client.receive("status")).status.aim).toBe(device.inForce.aim);
  });

  it("takes eight clients at most, and again one when one has gone", async () => {
    const { connect, data } = await running();
    const clients = await Promise.all(Array.from({ length: 8 }, connect));
    expect(await raw(data)).toBe("");
    clients[0]?.close();
    for (;;) {
      const next = await LocalClient.connect(data).catch(() => undefined);
      next?.close();
      if (next !== undefined) break;
    }
  });

  it("makes a command end with a clear word where something else answers", async () => {
    const base = mkdtempSync(join(tmpdir(), "local-socket-"));
    const server = createServer((socket) => socket.end('{"kind":"hello","protocol":99,"firmware":"9.9"}\n'));
    onTestFinished(() => {
      server.close();
      rmSync(base, { recursive: true, force: true });
    });
    await new Promise<void>((resolve) => server.listen(socketFileIn(base), resolve));
    await expect(LocalClient.connect(base)).rejects.toThrow(/firmware 9.9\) speaks another protocol/);
  });
});
