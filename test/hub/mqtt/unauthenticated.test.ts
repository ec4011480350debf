/** Those who connect and do not get on with it: each is gone in time, and none keeps others out. */
import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Clock } from "../../../src/base/clock.ts";
import { millis } from "../../../src/base/units.ts";
import { systemClock } from "../../../src/firmware/process/system-clock.ts";
import { UnauthenticatedConnections } from "../../../src/hub/unauthenticated.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import { deviceClient } from "../azure.ts";
import { eventually, testHub } from "../running-hub.ts";

/** At the usual speed, ten seconds of the hub's are a fifth of one here. */
const hastyClock = (speed: () => number = () => 50): Clock => ({
  ...systemClock,
  setTimer: (delay, fn) => systemClock.setTimer(millis(delay / speed()), fn),
});

/** A TLS 1.2 record that says it holds a ClientHello, and then does not. */
const begunHello = Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]);

async function dial(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  onTestFinished(() => void socket.destroy());
  await new Promise((resolve) => socket.once("connect", resolve));
  return socket;
}

const ended = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    socket.once("close", () => resolve());
    socket.resume();
  });

describe.each(["mqttPort", "restPort", "pagePort"] as const)("a stranger at %s", (port) => {
  it.each([0, 1, 6])("that sends %i bytes and waits is gone in time", async (count) => {
    const hub = await testHub({ clock: hastyClock() });
    const socket = await dial(hub.addresses[port]);
    if (count > 0) socket.write(begunHello.subarray(0, count));
    await ended(socket);
  });

  it("that sends a byte now and then gets no longer than one that sends none", async () => {
    const hub = await testHub({ clock: hastyClock() });
    const socket = await dial(hub.addresses[port]);
    const start = port === "pagePort" ? Buffer.from("GET / HTTP/1.1\r\nX: ") : begunHello;
    const slow = Buffer.concat([start, Buffer.alloc(480, "x")]);
    let at = 0;
    const drip = () => {
      if (socket.destroyed || at === slow.length) return;
      socket.write(slow.subarray(at, ++at));
      systemClock.setTimer(millis(10), drip);
    };
    drip();
    await ended(socket);
    expect(at).toBeLessThan(slow.length);
  });
});

it("answers a page's request while hundreds sit at its port and say nothing", async () => {
  const hub = await testHub();
  const port = hub.addresses.pagePort;
  const sockets = await Promise.all(Array.from({ length: 300 }, () => dial(port)));
  const status = await new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port, path: "/api/session" }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    asked.on("error", reject);
    asked.end();
  });
  expect(status).toBe(200);
  await eventually(() => sockets.filter((each) => !each.destroyed).length <= 200, "the oldest to go");
});

it("lets no device that has logged in go for want of time or room", async () => {
  let speed = 1;
  const hub = await testHub({ clock: hastyClock(() => speed) });
  const { connectionString } = await hub.enrolDevice("heater-1");
  const client = await deviceClient(hub, connectionString);
  onTestFinished(() => void client.close().catch(() => undefined));
  await client.open();
  speed = 50;
  const port = hub.addresses.mqttPort;
  const sockets = await Promise.all(Array.from({ length: 60 }, () => dial(port)));
  await Promise.all(sockets.map(ended));
  expect(hub.core.links.get("heater-1")?.ready).toBe(true);
});

describe("among strangers", () => {
  const socketOf = (remoteAddress: string, remotePort: number) => {
    const listeners: (() => void)[] = [];
    return {
      remoteAddress,
      remotePort,
      destroyed: false,
      once(_event: string, listener: () => void) {
        listeners.push(listener);
      },
      destroy() {
        this.destroyed = true;
        for (const listener of listeners) listener();
      },
    };
  };
  const crowd = (most: number) => {
    const clock = new VirtualClock();
    let full = 0;
    const onFull = () => void full++;
    const strangers = new UnauthenticatedConnections(clock, { max: most, within: millis(10_000), onFull });
    const come = (address: string, port: number) => {
      const socket = socketOf(address, port);
      strangers.add(socket as unknown as Socket);
      return socket;
    };
    const pass = (ms: number) => clock.advance(millis(ms));
    return { pass, strangers, come, full: () => full };
  };

  it("the oldest of the address that has the most makes room", () => {
    const { come, full } = crowd(3);
    const alone = come("192.168.1.20", 1);
    const first = come("192.168.1.66", 2);
    const second = come("192.168.1.66", 3);
    expect(full()).toBe(0);
    const third = come("192.168.1.66", 4);
    expect([alone, first, second, third].map(({ destroyed }) => destroyed)).toEqual([
      false,
      true,
      false,
      false,
    ]);
    expect(full()).toBe(1);
  });

  it("one that is excused has no time limit and still counts; one that is welcome does neither", async () => {
    const { pass, strangers, come } = crowd(2);
    const excused = come("10.0.0.1", 1);
    const welcome = come("10.0.0.1", 2);
    strangers.cancelTimeout("10.0.0.1 1");
    strangers.remove("10.0.0.1 2");
    await pass(20_000);
    expect([excused.destroyed, welcome.destroyed]).toEqual([false, false]);
    const newer = come("10.0.0.1", 3);
    expect(excused.destroyed).toBe(false);
    come("10.0.0.1", 4);
    expect([excused.destroyed, newer.destroyed, welcome.destroyed]).toEqual([true, false, false]);
  });

  it("one is gone ten seconds after it came, and not before", async () => {
    const { pass, come } = crowd(2);
    const socket = come("10.0.0.1", 1);
    await pass(9_999);
    expect(socket.destroyed).toBe(false);
    await pass(1);
    expect(socket.destroyed).toBe(true);
  });
});
