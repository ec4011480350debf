/**
 * Edits at Home Assistant and at the panel while the broker is cut at random times: after quiet the states agree, and
 * nothing flaps. Each run prints its seed.
 */
import { expect, it } from "vitest";
import { millis, minutes } from "../../src/base/units.ts";
import { topicsOf } from "../../src/home-assistant/topics.ts";
import { uniform } from "../../src/simulation/noise.ts";
import { faceRig, topics, unit } from "./rig.ts";

const runs = Number(process.env["RUNS"] ?? 5);
const cuts = 50;

const seeds = process.env["SEED"]
  ? [Number(process.env["SEED"])]
  : Array.from({ length: runs }, () => Math.floor(Math.random() * 1e9));

it.each(seeds)("50 cuts with edits on both sides, SEED=%d", async (seed) => {
  const random = uniform(seed);
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] as T;
  const rig = await faceRig({ delay: millis(1 + random() * 30) });
  const { broker, clock, device, state, face } = rig;
  // What Home Assistant believes: the newest state that reached it.
  let believed: string | undefined;
  const names = topicsOf({ id: unit, discoveryPrefix: "homeassistant" });
  broker.onPublish(({ topic, text }) => {
    if (topic === names.state) believed = text;
  });
  const wishes: readonly (() => void)[] = [
    () => broker.say(topics.set("target"), String(pick([15, 17.5, 20, 22, 25.5]))),
    () => broker.say(topics.set("mode"), pick(["off", "heat"])),
    () => broker.say(topics.set("preset"), pick(["none", "comfort", "eco", "away", "boost"])),
    () => broker.say(topics.set("sensorOffset"), String(pick([-1, 0, 0.5]))),
    () => broker.say(topics.set("heaterSwitch"), pick(["ON", "OFF"])),
    () => broker.say(topics.homeAssistant, "online"),
    () => rig.hat.press("b"),
    () => rig.hat.release("b"),
    () => rig.hat.press("mode"),
    () => rig.hat.release("mode"),
    () =>
      void device.request({
        kind: "set",
        name: "targetTemperature",
        value: pick([16, 18, 21]),
        source: "local",
      }),
  ];
  for (let cut = 0; cut < cuts; cut += 1) {
    broker.delay = millis(1 + random() * 200);
    for (let n = Math.floor(random() * 6); n > 0; n -= 1) {
      pick(wishes)();
      await clock.advance(millis(random() * 300));
    }
    broker.isSilent = random() < 0.1;
    broker.refuses = random() < 0.2 ? "host-unreachable" : undefined;
    broker.cut();
    for (let n = Math.floor(random() * 4); n > 0; n -= 1) {
      pick(wishes)();
      await clock.advance(millis(random() * 3000));
    }
    broker.refuses = undefined;
    broker.isSilent = false;
  }
  rig.hat.release("b");
  rig.hat.release("mode");
  await clock.advance(minutes(2));
  expect(face.state).toBe("online");
  expect(broker.retained.get(topics.availability)).toBe("online");
  const { aim, values } = device.inForce;
  expect(state()).toMatchObject({ target: aim, properties: { controlMode: values.controlMode } });
  expect(believed).toBe(broker.retained.get(topics.state));
  // Nothing flaps: in quiet only what is measured and counted changes.
  const settings = (text: string) => {
    const { mode, target, preset, properties } = JSON.parse(text);
    return JSON.stringify({ mode, target, preset, properties });
  };
  const from = broker.published.length;
  const before = settings(broker.retained.get(topics.state) ?? "");
  await clock.advance(minutes(10));
  const later = broker.published.slice(from).filter(({ topic }) => topic === topics.state);
  expect(new Set(later.map(({ text }) => settings(text)))).toEqual(
    new Set(
      device.inForce.boostUntil === undefined && before.includes("boost")
        ? later.map(({ text }) => settings(text))
        : [before],
    ),
  );
  expect(rig.faceLines.filter(({ level }) => level === "error")).toEqual([]);
});
