/** What one process of the firmware says to another. A process that has gone mad says anything. */
import { readJson } from "../../../src/base/json/value.ts";
import { read, type Schema } from "../../../src/base/schema/schema.ts";
import { millis, wallMillis } from "../../../src/base/units.ts";
import { validateRequest } from "../../../src/control/limits.ts";
import { start, step } from "../../../src/control/step.ts";
import { summaryOf } from "../../../src/control/step-summary.ts";
import { inForce } from "../../../src/control/twin/in-force.ts";
import { cloudToLoop, loopToCloud } from "../../../src/firmware/cloud-process/messages.ts";
import { guardianToHub } from "../../../src/firmware/front/messages.ts";
import { drawPanel } from "../../../src/firmware/front/picture.ts";
import {
  guardianToLoop,
  hubToGuardian,
  loopToGuardian,
  secretHandover,
} from "../../../src/firmware/process/messages.ts";
import { defaultSettings } from "../../../src/model/settings.ts";
import type { Target } from "../harness.ts";

const wallMs = wallMillis(1_780_000_000_000);
const fresh = start(defaultSettings, undefined, { nowMs: millis(0), wallMs, firmware: "0.1.0" });
const calm = { buttons: [], relayLine: false, requests: [], link: "online", failing: [], wallMs } as const;
const { state, commands, events } = step(fresh, calm, millis(0));
const snapshot = {
  inForce: inForce(state),
  counters: state.counters,
  activeFaults: state.faults,
  stored: true,
};
const panel = {
  kind: "panel-shown",
  screen: commands.screen,
  display: "oled-128x128",
  turn: 0,
  modeLed: true,
  statusLed: false,
  relay: false,
  room: { air: 19, outside: 3, windowOpen: false },
};

function target<T>(
  name: string,
  schema: Schema<T>,
  samples: object[],
  use: (value: T) => void = () => {},
): Target {
  return {
    name: `messages: ${name}`,
    samples: samples.map((sample) => JSON.stringify(sample)),
    read(input) {
      // Between processes a message travels as JSON: what is none never arrives.
      const value = read(schema, readJson(input.toString()));
      if (value !== undefined) use(value);
      return value !== undefined;
    },
  };
}

export const messageTargets: readonly Target[] = [
  target("loop to guardian", loopToGuardian, [{ kind: "beat", heaterOn: true }, { kind: "no-credentials" }]),
  target("guardian to loop", guardianToLoop, [
    { kind: "watcher", missing: true },
    { kind: "secrets-given", values: { KEY: "x" } },
    { kind: "hub-ready", page: "http://localhost:8780/", credentials: "/data/hub-device" },
    { kind: "panel-pressed", key: "a", down: true },
  ]),
  target("hub to guardian", hubToGuardian, [
    { kind: "hub-ready", page: "http://localhost:8780/", credentials: "/data/hub-device" },
    { kind: "panel-pressed", key: "window", down: false },
  ]),
  target("guardian to hub", guardianToHub, [panel, { kind: "panel-gone" }], (message) => {
    if (message.kind === "panel-shown") drawPanel(message);
  }),
  target("secrets", secretHandover, [
    { kind: "secrets-wanted" },
    { kind: "secrets-given", values: { KEY: "x" } },
  ]),
  target("loop to cloud", loopToCloud, [
    { kind: "device", snapshot, summary: summaryOf(commands, events) },
    { kind: "answer", id: 3, refused: "no", snapshot },
    { kind: "ping" },
  ]),
  target(
    "cloud to loop",
    cloudToLoop,
    [
      {
        kind: "request",
        id: 1,
        requests: [
          { kind: "set", name: "targetTemperature", value: 21, source: "cloud" },
          { kind: "boost", minutes: 30, source: "cloud" },
        ],
      },
      { kind: "link", link: "online" },
      { kind: "health", failure: "x" },
      {
        kind: "log",
        level: "info",
        event: "cloud-online",
        fields: { host: "a", deep: { a: [1], b: { c: 2 } } },
      },
    ],
    (message) => {
      if (message.kind !== "request") return;
      for (const request of message.requests) validateRequest(request, snapshot.inForce.limits);
      const { commands: after } = step(state, { ...calm, requests: message.requests }, millis(1000));
      if (after.heater) throw new Error("a message has switched the heater on without a reading");
    },
  ),
];
