/** A running device in virtual time, its face for Home Assistant, and a broker without a wire. */
import { onTestFinished } from "vitest";
import type { PrivateFiles } from "../../src/azure/credentials/credentials.ts";
import { type Millis, millis, seconds } from "../../src/base/units.ts";
import {
  HomeAssistantFace,
  type HomeAssistantFaceOptions,
} from "../../src/firmware/home-assistant-process/home-assistant-face.ts";
import type { Settings } from "../../src/model/settings.ts";
import { type CloudRig, cloudRig, type RigStart, remote } from "../firmware/cloud-process/rig.ts";
import { type LogLine, recordingLog } from "../hub/running-hub.ts";
import { FakeBroker } from "./fake-broker.ts";

export const unit = "heater-1";
export const topics = {
  discovery: `homeassistant/device/${unit}/config`,
  state: `grove-heater/${unit}/state`,
  availability: `grove-heater/${unit}/availability`,
  set: (name: string) => `grove-heater/${unit}/set/${name}`,
  homeAssistant: "homeassistant/status",
};

/** The files of a data folder, from texts. */
export const filesOf = (texts: Readonly<Record<string, string>>, mode = 0o600): PrivateFiles => ({
  read: async (path) => texts[path],
  mode: async () => mode,
});

export const goodFile = JSON.stringify({ url: "mqtt://broker.local", user: "heater", password: "geheim" });

export interface FaceRig extends CloudRig {
  readonly broker: FakeBroker;
  readonly face: HomeAssistantFace;
  readonly faceLines: readonly LogLine[];
  /** The latest state at the broker. */
  state(): Record<string, unknown> & { readonly properties: Readonly<Record<string, unknown>> };
  discovery(): {
    readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    readonly [member: string]: unknown;
  };
  readonly acts: string[];
}

export interface FaceRigOptions {
  readonly settings?: Partial<Settings>;
  readonly start?: RigStart;
  readonly face?: Partial<HomeAssistantFaceOptions>;
  /** Of a message between the loop and the face in its own process. */
  readonly delay?: Millis;
}

export async function faceRig({
  settings,
  start,
  face: more,
  delay = millis(3),
}: FaceRigOptions = {}): Promise<FaceRig> {
  const rig = await cloudRig(settings, undefined, start);
  const { clock, device } = rig;
  const broker = new FakeBroker(clock);
  const faceLines: LogLine[] = [];
  const acts: string[] = [];
  const far = remote(
    device,
    clock,
    delay,
    (message) => {
      throw new Error(`unreadable: ${JSON.stringify(message)}`);
    },
    "home-assistant",
  );
  const face = new HomeAssistantFace({
    clock,
    log: recordingLog(faceLines),
    dataPath: "/data",
    env: async () => ({}),
    files: filesOf({ "/data/mqtt.json": goodFile }),
    manifest: { connections: ["broker.local"] },
    readings: { simulated: true, simulatedToCloud: true },
    firmware: "1.0.0",
    board: "test board",
    unitId: () => unit,
    startedMs: clock.now(),
    relayLife: 100_000,
    firmwareReport: () => undefined,
    restart: () => acts.push("restart"),
    checkForUpdate: () => acts.push("check-for-update"),
    openBroker: async () => broker.open,
    random: () => 0.5,
    ...more,
  });
  await far.addFace(face);
  onTestFinished(async () => {
    await clock.run(face.close());
  });
  await clock.advance(seconds(2));
  return {
    ...rig,
    broker,
    face,
    faceLines,
    acts,
    state: () => JSON.parse(broker.retained.get(topics.state) ?? "null"),
    discovery: () => JSON.parse(broker.retained.get(topics.discovery) ?? "null"),
  };
}
