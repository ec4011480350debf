/** The connection over MQTT.js to a genuine broker on the loopback address, and to what is none. */
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { Aedes } from "aedes";
import { describe, expect, it, onTestFinished } from "vitest";
import { millis } from "../../src/base/units.ts";
import { systemClock } from "../../src/firmware/process/system-clock.ts";
import type {
  BrokerConnection,
  BrokerOptions,
  ReceivedMessage,
} from "../../src/home-assistant/link/broker.ts";
import { openMqttBroker } from "../../src/home-assistant/link/mqtt-broker.ts";
import { defaultTuning } from "../../src/home-assistant/link/tuning.ts";
import { makeAuthority } from "../azure/link/certificates.ts";

const tuning = { ...defaultTuning, connectMs: millis(3000), callMs: millis(3000), keepAliveS: 1 };

async function listening(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function startBroker(identity?: { readonly cert: string; readonly key: string }) {
  const broker = await Aedes.createBroker();
  broker.authenticate = (_client, user, password, done) =>
    done(null, user === undefined || (user === "heater" && String(password) === "right"));
  broker.authorizeSubscribe = (_client, subscription, done) =>
    done(null, subscription.topic.startsWith("forbidden") ? null : subscription);
  onTestFinished(() => new Promise<void>((resolve) => broker.close(() => resolve())));
  const server =
    identity === undefined
      ? createServer(broker.handle)
      : (createTlsServer(identity, broker.handle) as Server);
  return { broker, port: await listening(server) };
}

function open(
  port: number,
  more: Partial<BrokerOptions["access"]> = {},
  options: Partial<BrokerOptions> = {},
) {
  const received: ReceivedMessage[] = [];
  const connection: BrokerConnection = openMqttBroker({
    access: { host: "localhost", port, isTls: false, ...more },
    clientId: "heater",
    will: { topic: "there", text: "offline" },
    clock: systemClock,
    tuning,
    onMessage: (message) => received.push(message),
    ...options,
  });
  onTestFinished(() => connection.close());
  return { connection, received };
}

const password = (text: string) => ({ user: "heater", password: { reveal: () => text } });
const failureOf = (connection: BrokerConnection) =>
  connection.opened.then(
    () => "opened",
    (error: { readonly failure: { readonly code: string } }) => error.failure.code,
  );

describe("a broker that accepts", () => {
  it("takes retained messages, passes commands on, and says which were kept", async () => {
    const { broker, port } = await startBroker();
    const { connection, received } = open(port, password("right"));
    await connection.opened;
    await connection.publish({ topic: "state", text: "{}" });
    await connection.publish({ topic: "set/old", text: "1" });
    await connection.subscribe(["set/+"]);
    const publish = { cmd: "publish", qos: 1, dup: false, retain: false } as const;
    broker.publish({ ...publish, topic: "set/new", payload: Buffer.from("2") }, () => {});
    await expect.poll(() => received.length).toBe(2);
    const seen = received.map(({ topic, payload, retained }) => [topic, String(payload), retained]);
    expect(seen.toSorted()).toEqual([
      ["set/new", "2", false],
      ["set/old", "1", true],
    ]);
  });

  it("by TLS, with an authority of the owner's", async () => {
    const authority = await makeAuthority();
    const { port } = await startBroker(await authority.issue("localhost"));
    const trusting = open(port, { isTls: true, caPem: authority.cert, ...password("right") });
    await trusting.connection.opened;
    expect(await failureOf(open(port, { isTls: true }).connection)).toBe("untrusted-ca");
  });

  it("publishes the will of a device that is cut off, not of one that says goodbye", async () => {
    const { broker, port } = await startBroker();
    const wills: string[] = [];
    broker.on("publish", ({ topic, payload }) => {
      if (topic === "there") wills.push(payload.toString());
    });
    const first = open(port).connection;
    await first.opened;
    await first.close();
    expect(wills).toEqual([]);
    const second = open(port);
    await second.connection.opened;
    const { clients } = broker as unknown as { clients: Record<string, { conn: Socket }> };
    clients["heater"]?.conn.destroy();
    await second.connection.ended;
    await expect.poll(() => wills).toEqual(["offline"]);
  });
});

describe("a broker that does not", () => {
  it.each([
    ["a wrong password", async () => (await startBroker()).port, password("wrong"), "refused"],
    ["nobody there", async () => 1, {}, "host-unreachable"],
    ["one that ends at once", async () => listening(createServer((socket) => socket.end())), {}, "dropped"],
    ["one that says nothing", async () => listening(createServer(() => {})), {}, "timeout"],
  ])("%s has its own cause", async (_what, start, more, code) => {
    expect(await failureOf(open(await start(), more).connection)).toBe(code);
  });

  it("a host that the manifest does not grant is not connected to", async () => {
    let connected = 0;
    const port = await listening(
      createServer(() => {
        connected += 1;
      }),
    );
    const refuseHost = () => Object.assign(new Error("not granted"), { code: "EPERM" });
    expect(await failureOf(open(port, {}, { refuseHost }).connection)).toBe("host-not-granted");
    expect(connected).toBe(0);
  });

  it("a subscription that is refused ends the connection with that word", async () => {
    const { port } = await startBroker();
    const { connection } = open(port);
    await connection.opened;
    await expect(connection.subscribe(["forbidden/+"])).rejects.toMatchObject({
      failure: { code: "topics-refused" },
    });
  });

  it("a packet without end is not waited for", async () => {
    const connack = Buffer.from([0x20, 2, 0, 0]);
    // PUBLISH with the longest length that MQTT has: 256 MB.
    const endless = Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f]);
    const port = await listening(
      createServer((socket) => {
        socket.write(connack);
        socket.write(endless);
        const more = (): void => {
          if (!socket.destroyed) socket.write(Buffer.alloc(65_536), more);
        };
        more();
      }),
    );
    const { connection } = open(port);
    expect((await connection.ended).code).toBe("oversized");
  });

  it("a connection that is half open is found dead by its keep-alive", async () => {
    const port = await listening(createServer((socket) => socket.write(Buffer.from([0x20, 2, 0, 0]))));
    const { connection } = open(port);
    await connection.opened;
    await expect(connection.ended).resolves.toBeDefined();
  });
});
