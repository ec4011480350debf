/** The cloud process: what it says to the hub rests on what is so in the loop. */
import { expect, it } from "vitest";
import { silentLog } from "../../../src/base/log.ts";
import { read } from "../../../src/base/schema/schema.ts";
import { millis, minutes, seconds } from "../../../src/base/units.ts";
import { type CloudMessage, cloudToLoop, loopToCloud } from "../../../src/firmware/cloud-process/messages.ts";
import { snapshotOf } from "../../../src/firmware/face.ts";
import { RemoteDevice } from "../../../src/firmware/remote-device/remote-device.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import { cloudRig } from "./rig.ts";

const target = "targetTemperature";
const delay = millis(30);

it("patches that come faster than the loop answers are all followed, and none is taken for a gap", async () => {
  const rig = await cloudRig({}, delay);
  const { hub, clock } = rig;
  await clock.advance(seconds(2));
  for (const value of [20, 21, 22, 23]) hub.edit({ [target]: value });
  hub.edit({ telemetryInterval: 30 });
  await clock.advance(seconds(2));
  expect(rig.device.inForce.values).toMatchObject({ targetTemperature: 23, telemetryInterval: 30 });
  expect(hub.record.reported.properties[target]).toMatchObject({ value: 23, ac: 200 });
  expect(rig.lines.filter(({ event }) => event === "twin-oddity")).toEqual([]);
  expect(rig.garbage).toEqual([]);
});

it("what the hub said before the link broke is judged no more: the next connection's twin counts (RR-1)", async () => {
  const rig = await cloudRig({}, delay);
  const { hub, clock, device } = rig;
  await clock.advance(seconds(2));
  hub.edit({ [target]: 20 });
  hub.edit({ [target]: 21 }, true);
  // Its document comes while the loop has yet to answer to the patch.
  hub.connect();
  await Promise.resolve();
  hub.cut();
  await clock.advance(seconds(5));
  expect(device.inForce.values.targetTemperature).toBe(20);
  hub.connect();
  await clock.advance(seconds(5));
  expect(device.inForce.values.targetTemperature).toBe(21);
  expect(hub.record.reported.properties[target]).toMatchObject({ value: 21, ac: 200, av: 3 });
});

it("a request that the loop never answers counts as refused after ten seconds, whatever it says later", async () => {
  const clock = new VirtualClock();
  const sent: CloudMessage[] = [];
  const { device: near } = await cloudRig();
  const snapshot = snapshotOf(near);
  const device = new RemoteDevice(
    { clock, log: silentLog, send: (message) => void sent.push(message) },
    snapshot,
  );
  const answers: unknown[] = [];
  for (const _ of [1, 2])
    void device.request({ kind: "clear-faults", source: "cloud" }).then((answer) => answers.push(answer));
  device.take({ kind: "answer", id: 2, snapshot });
  await clock.advance(seconds(9));
  expect(answers).toEqual([undefined]);
  await clock.advance(seconds(2));
  expect(answers).toEqual([undefined, "the device does not answer"]);
  device.take({ kind: "answer", id: 1, snapshot });
  expect(sent.map((message) => message.kind === "request" && message.id)).toEqual([1, 2]);
});

it("an acknowledgement waits until the loop's disk has what it says (RR-9)", async () => {
  const rig = await cloudRig({}, delay);
  const { hub, clock } = rig;
  await clock.advance(seconds(2));
  rig.slowDisk(seconds(3));
  hub.edit({ [target]: 21 });
  await clock.advance(seconds(2.9));
  expect(rig.device.inForce.values.targetTemperature).toBe(21);
  expect(hub.record.reported.properties[target]).toMatchObject({ value: 19 });
  await clock.advance(seconds(0.5));
  expect(hub.record.reported.properties[target]).toMatchObject({ value: 21, ac: 200, av: 2 });
});

it("what a person changes at the panel reaches the hub, and a flood of patches is asked for as a whole", async () => {
  const rig = await cloudRig({}, delay);
  const { hub, clock, hat } = rig;
  await clock.advance(seconds(2));
  hat.press("b");
  await clock.advance(seconds(2));
  expect(hub.record.reported.properties[target]).toMatchObject({ value: 19.5, ac: 203 });
  for (let n = 0; n < 300; n += 1) hub.edit({ [target]: 15 + (n % 10) });
  await clock.advance(minutes(1));
  expect(rig.device.inForce.values.targetTemperature).toBe(15 + (299 % 10));
  expect(hub.record.reported.properties[target]).toMatchObject({ value: 24, ac: 200 });
});

it("a command that a device refuses, or that comes after its end, is not answered with done", async () => {
  const rig = await cloudRig({}, delay);
  const { hub, clock } = rig;
  const answer = async () => {
    const reply = hub.command("boost", 30);
    await clock.advance(seconds(1));
    return await reply;
  };
  expect(await answer()).toMatchObject({ status: 200 });
  await clock.run(rig.device.stop());
  expect(await answer()).toMatchObject({ status: 409, payload: { reason: "the device is stopping" } });
});

it.each([
  ["nothing", undefined],
  ["a text", "device"],
  ["an unknown kind", { kind: "heat" }],
  ["a device without its snapshot", { kind: "device" }],
  [
    "a request of what is not to be asked",
    { kind: "request", id: 1, requests: [{ kind: "relay", source: "cloud" }] },
  ],
  [
    "a request in the panel's name",
    {
      kind: "request",
      id: 1,
      requests: [{ kind: "set", name: "targetTemperature", value: 20, source: "device" }],
    },
  ],
  [
    "a request that is no number",
    {
      kind: "request",
      id: 1,
      requests: [{ kind: "set", name: "targetTemperature", value: null, source: "cloud" }],
    },
  ],
  [
    "too many requests",
    {
      kind: "request",
      id: 1,
      requests: Array.from({ length: 99 }, () => ({ kind: "clear-faults", source: "cloud" })),
    },
  ],
  ["a log line at no level", { kind: "log", level: "loud", event: "x" }],
])("a message that is %s is none", (_name, message) => {
  expect(read(cloudToLoop, message)).toBeUndefined();
  expect(read(loopToCloud, message)).toBeUndefined();
});
