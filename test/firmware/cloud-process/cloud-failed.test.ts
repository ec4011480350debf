/** SR-11: what the cloud process cannot do is to be seen, on the screen, in the twin and in the log. */
import { expect, it } from "vitest";
import { cause } from "../../../src/azure/link/cause.ts";
import { OutboxStoreError } from "../../../src/azure/outbox/store.ts";
import { seconds } from "../../../src/base/units.ts";
import { FakeFace } from "../fake-face.ts";
import { cloudRig } from "./rig.ts";

const peer = { host: "hub", role: "the hub" } as const;

it("cloud-failed shows while the hub refuses the key, not while it is merely out of reach", async () => {
  const { hub, device, clock } = await cloudRig();
  hub.cut(cause("host-unreachable", peer));
  await clock.advance(seconds(2));
  expect(device.activeFaults).not.toContain("cloud-failed");
  hub.cut(cause("key-refused", peer));
  await clock.advance(seconds(2));
  expect(device.activeFaults).toContain("cloud-failed");
  hub.connect();
  await clock.advance(seconds(2));
  expect(device.activeFaults).not.toContain("cloud-failed");
});

it("cloud-failed shows while telemetry cannot be kept", async () => {
  const rig = await cloudRig();
  rig.outboxDisk.failure = new OutboxStoreError("io", "No space left on device");
  await rig.clock.advance(seconds(120));
  expect(rig.device.activeFaults).toContain("cloud-failed");
  expect(rig.hub.record.reported.properties["faults"]).toContain("cloud-failed");
  rig.outboxDisk.failure = undefined;
  await rig.clock.advance(seconds(120));
  expect(rig.device.activeFaults).not.toContain("cloud-failed");
});

it("telemetry that holds messages back says so in the log, and counts them as dropped", async () => {
  const { hub, device, clock, lines } = await cloudRig();
  const face = new FakeFace(device);
  for (let n = 0; n < 30; n += 1) {
    face.setFailure("a fault that comes and goes");
    face.setFailure(undefined);
  }
  await clock.advance(seconds(5));
  expect(lines.map(({ event }) => event)).toContain("telemetry-held-back");
  expect(hub.record.reported.properties["telemetryDropped"]).toBeGreaterThan(30);
});
