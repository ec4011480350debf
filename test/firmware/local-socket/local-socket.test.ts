/** The local socket: commands of this machine ask and change a running device, and nothing that they send disturbs it. */
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createConnection, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { minutes } from "../../../src/base/units.ts";
import { askUnstored } from "../../../src/firmware/local-socket/ask-history.ts";
import { LocalClient } from "../../../src/firmware/local-socket/local-client.ts";
import { maxLineBytes } from "../../../src/firmware/local-socket/messages.ts";
import { socketFileIn } from "../../../src/firmware/local-socket/socket-file.ts";
import { runningDevice, unstored } from "./running-device.ts";

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
    const client = await (await runningDevice()).connect();
    client.send({ kind: "status" });
    const { status } = await client.receive("status");
    expect(status).toMatchObject({
      firmware: "0.1.0",
      board: "virtual",
      timeZone: "Asia/Tokyo",
      aim: 19,
      heater: true,
      link: "none",
      faults: [],
      values: { targetTemperature: { value: 19, source: "default", changedAt: null } },
    });
    expect(status.temperature).toBeCloseTo(17.6, 0);
  });

  it("sets a value, which is in force and stored when the answer comes, and names the source", async () => {
    const { connect, device } = await runningDevice();
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
    const { connect, device } = await runningDevice();
    const client = await connect();
    const before = device.inForce.values;
    await expect(client.request((id) => ({ kind: "set", id, name, value }))).rejects.toThrow(reason);
    expect(device.inForce.values).toEqual(before);
  });

  it("gives the rows of the history that are not stored, as many as there can be, and where the stored end", async () => {
    const client = await (await runningDevice()).connect();
    expect(await askUnstored(client)).toEqual(unstored);
  });

  it("starts and ends a boost, and clears faults", async () => {
    const { connect, device } = await runningDevice();
    const client = await connect();
    await client.request((id) => ({ kind: "boost", id, minutes: 30 }));
    expect(device.inForce.aim).toBe(22);
    await client.request((id) => ({ kind: "boost", id, minutes: 0 }));
    expect(device.inForce.aim).toBe(19);
    expect(await client.request((id) => ({ kind: "clear-faults", id }))).toBe(true);
  });

  it("sets a schedule, and presets against it", async () => {
    const { connect, device } = await runningDevice();
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
    const { connect, device } = await runningDevice({ hangs: true });
    const client = await connect();
    const stored = await client.request((id) => ({ kind: "set", id, name: "targetTemperature", value: 20 }));
    expect(stored).toBe(false);
    expect(device.inForce.values.targetTemperature).toBe(20);
  });

  it("goes on with each change for one that watches", async () => {
    const { connect, device, clock } = await runningDevice();
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
    const { connect, log } = await runningDevice();
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
    const { data, face } = await runningDevice();
    expect(statSync(socketFileIn(data)).mode & 0o777).toBe(0o600);
    await face.close();
    expect(existsSync(socketFileIn(data))).toBe(false);
    await expect(LocalClient.connect(data)).rejects.toThrow(/No running device answers/);
  });

  it("replaces the socket that a killed process left", async () => {
    const { data, listen, connect } = await runningDevice();
    // A second face in place of the first, whose file is still there.
    const second = await listen();
    onTestFinished(() => second.close());
    expect((await connect()) instanceof LocalClient).toBe(true);
    expect(existsSync(socketFileIn(data))).toBe(true);
  });

  it("works in a folder whose path is longer than the kernel takes", async () => {
    const client = await (await runningDevice({ longName: true })).connect();
    client.send({ kind: "status" });
    expect((await client.receive("status")).status.board).toBe("virtual");
  });

  it("leaves a file of somebody else in its place, and the device goes on", async () => {
    const { data, face, listen, device } = await runningDevice();
    await face.close();
    writeFileSync(socketFileIn(data), "mine");
    const second = await listen();
    onTestFinished(() => second.close());
    expect(statSync(socketFileIn(data)).isFile()).toBe(true);
    expect(device.request({ kind: "clear-faults", source: "local" })).toBeUndefined();
  });

  it.each([
    ["a line without end", Buffer.alloc(maxLineBytes + 2, 97), /longer than/],
    ["no JSON", "hello\n", /not a message of this protocol/],
    ["another kind", '{"kind":"format-disk"}\n', /not a message of this protocol/],
    ["bytes", Buffer.from([0, 255, 254, 10]), /not a message of this protocol/],
    ["a flood", '{"kind":"status"}\n'.repeat(1000), /too many requests/],
  ])("disconnects a client that sends %s, and answers the next one", async (_what, bytes, reason) => {
    const { data, connect, device } = await runningDevice();
    expect(await raw(data, bytes)).toMatch(reason);
    const client = await connect();
    client.send({ kind: "status" });
    expect((await client.receive("status")).status.aim).toBe(device.inForce.aim);
  });

  it("takes eight clients at most, and again one when one has gone", async () => {
    const { connect, data } = await runningDevice();
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
    await expect(LocalClient.connect(base)).rejects.toThrow(/firmware 9.9\) uses a different protocol/);
  });
});
