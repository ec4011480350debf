/** What no device expected: the hub refuses it, says so once, and goes on with the others. Uncaught errors fail the run. */
import { connect as connectTls, type TLSSocket } from "node:tls";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import type { RunningHub } from "../../../src/hub/hub.ts";
import { makeSas } from "../../../src/hub/rest/sas.ts";
import { deviceClient } from "../azure.ts";
import { eventually, type LogLine, testHub } from "../running-hub.ts";

type Hub = RunningHub & { readonly lines: LogLine[] };
const id = "heater-1";

async function dial(hub: Hub): Promise<TLSSocket> {
  const socket = connectTls({ host: "localhost", port: hub.addresses.mqttPort, ca: hub.caPem });
  socket.on("error", () => {});
  onTestFinished(() => void socket.destroy());
  await new Promise((resolve) => socket.once("secureConnect", resolve));
  return socket;
}

const ended = (socket: TLSSocket): Promise<void> =>
  new Promise((resolve) => {
    if (socket.destroyed) resolve();
    socket.once("close", () => resolve());
    socket.resume();
  });

const field = (bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);

/** MQTT 3.1.1, section 2.2: by hand, so that it may be wrong. */
function frame(type: number, ...body: readonly Buffer[]): Buffer {
  const content = Buffer.concat(body);
  const length: number[] = [];
  for (let left = content.length; length.length === 0 || left > 0; left = Math.floor(left / 128)) {
    length.push(left >= 128 ? (left % 128) | 128 : left);
  }
  return Buffer.concat([Buffer.from([type, ...length]), content]);
}

const connectPacket = (clientId: Buffer, userName: Buffer, password: Buffer): Buffer =>
  frame(
    0x10,
    field(Buffer.from("MQTT")),
    Buffer.from([4, 0xc2, 0, 60]),
    ...[clientId, userName, password].map(field),
  );

/** A socket past a good CONNECT. */
async function signedIn(hub: Hub): Promise<TLSSocket> {
  const { symmetricKey } = await hub.enrolDevice(id);
  const host = hub.addresses.hubHost;
  const token = makeSas(encodeURIComponent(`${host}/devices/${id}`), symmetricKey, Date.now() + 3_600_000);
  const socket = await dial(hub);
  const user = `${host}/${id}/?api-version=2021-04-12`;
  socket.write(connectPacket(Buffer.from(id), Buffer.from(user), Buffer.from(token)));
  await eventually(() => hub.core.links.get(id)?.ready === true, "the link");
  return socket;
}

/** The hub still serves who is in order. */
async function stillServes(hub: Hub): Promise<void> {
  const { connectionString } = await hub.enrolDevice("another");
  const client = await deviceClient(hub, connectionString);
  await client.open();
  const twin = await client.getTwin();
  expect(twin.properties.desired["$version"]).toBeGreaterThan(0);
  await client.close();
  expect(hub.lines.filter(({ level }) => level === "error")).toEqual([]);
}

const bad = Buffer.from([0xc3, 0x28, 0xff, 0x00, 0xed, 0xa0, 0x80]);
const publish = (topic: string): Buffer => frame(0x30, field(Buffer.from(topic)));
const subscribe = (...filters: readonly string[]): Buffer =>
  frame(
    0x82,
    Buffer.from([0, 1]),
    ...filters.flatMap((filter) => [field(Buffer.from(filter)), Buffer.from([1])]),
  );
const deep = "a/".repeat(2000);

describe("a stranger", () => {
  it.each<[string, Buffer]>([
    ["a name that is no UTF-8", connectPacket(bad, bad, bad)],
    [
      "a device name with a wildcard",
      connectPacket(Buffer.from("#"), Buffer.from("h/#/?api-version=1"), bad),
    ],
    ["a name too long", connectPacket(Buffer.alloc(5000, "a"), Buffer.alloc(5000, "a"), Buffer.alloc(4000))],
    ["a message before it has said who it is", publish("a")],
    ["HTTP", Buffer.from("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")],
    ["a packet of no kind", Buffer.from([0xf0, 0x00, 0x00, 0x00])],
    ["a length that never ends", Buffer.from([0x10, 0xff, 0xff, 0xff, 0xff, 0xff])],
    ["a protocol that there is not", Buffer.from([0x10, 6, 0, 4, 88, 88, 88, 88])],
  ])("that sends %s is shown out, and that is said once at most", async (_what, bytes) => {
    const hub = await testHub();
    for (let time = 0; time < 3; time++) {
      const socket = await dial(hub);
      socket.write(bytes);
      await ended(socket);
    }
    await stillServes(hub);
    expect(hub.lines.filter(({ event }) => event === "hub-rejected").length).toBeLessThan(2);
  });

  it("may send any bytes at all, in any pieces", async () => {
    const hub = await testHub();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 4 }), async (pieces) => {
        const socket = await dial(hub);
        for (const piece of pieces) socket.write(piece);
        socket.end();
        await ended(socket);
      }),
      { numRuns: 60 },
    );
    await stillServes(hub);
  });
});

it("whose socket is gone in the middle of its login is no error", async () => {
  const hub = await testHub();
  const { cables } = hub.core;
  const admit = cables.admit.bind(cables);
  cables.admit = (name, cable) => {
    const admitted = admit(name, cable);
    cable.tls.destroy();
    return admitted;
  };
  const { symmetricKey } = await hub.enrolDevice(id);
  const host = hub.addresses.hubHost;
  const token = makeSas(encodeURIComponent(`${host}/devices/${id}`), symmetricKey, Date.now() + 3_600_000);
  const socket = await dial(hub);
  const user = `${host}/${id}/?api-version=2021-04-12`;
  socket.write(connectPacket(Buffer.from(id), Buffer.from(user), Buffer.from(token)));
  await ended(socket);
  cables.admit = admit;
  await stillServes(hub);
  expect(hub.lines.filter(({ event }) => event === "hub-rejected")).toEqual([]);
});

describe("a device that was let in", () => {
  it.each<[string, Buffer]>([
    ["publishes to a topic of two thousand levels", publish(`${deep}x`)],
    ["listens to two thousand levels", subscribe(`devices/${id}/messages/devicebound/${deep}#`)],
    ["publishes with a wildcard", Buffer.from([0x30, 5, 0, 3, 97, 47, 35])],
    ["publishes to a topic that is no UTF-8", Buffer.from([0x30, 9, 0, 7, ...bad])],
    ["publishes to no topic", Buffer.from([0x30, 2, 0, 0])],
    ["publishes with QoS 3", Buffer.from([0x36, 5, 0, 1, 97, 0, 1])],
    ["says CONNECT again", connectPacket(Buffer.from(id), Buffer.from("h/heater-1/?api-version=1"), bad)],
    ["is a broker itself", Buffer.from([0x20, 2, 0, 0])],
  ])("and %s is cut off", async (_what, bytes) => {
    const hub = await testHub();
    const socket = await signedIn(hub);
    socket.write(bytes);
    await ended(socket);
    await stillServes(hub);
  });

  it("and asks to listen to thousands of topics gets none that is not its own, and the hub goes on", async () => {
    const hub = await testHub();
    const socket = await signedIn(hub);
    const filters = [...Array(2000).keys()].map(String);
    let answer = Buffer.alloc(0);
    socket.on("data", (chunk: Buffer) => {
      answer = Buffer.concat([answer, chunk]);
    });
    await eventually(() => answer.length === 4, "CONNACK");
    socket.write(subscribe(...filters));
    // SUBACK: type, length in two bytes, packet id in two, one code for each filter (section 3.9).
    const granted = () => [...answer.subarray(4 + 5)];
    await eventually(() => granted().length === filters.length, "an answer");
    expect(granted().filter((code) => code !== 128)).toEqual([]);
    expect(hub.core.devices.get(id)?.subscriptions ?? []).toEqual([]);
    await stillServes(hub);
  });

  it("may send any bytes at all", async () => {
    const hub = await testHub();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (bytes) => {
        const socket = await signedIn(hub);
        socket.end(bytes);
        await ended(socket);
        await eventually(() => hub.core.links.get(id) === undefined, "the end");
      }),
      { numRuns: 40 },
    );
    await stillServes(hub);
  });
});
