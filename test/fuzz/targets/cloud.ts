/** What a cloud hands to the device: desired documents, methods, messages, credentials; and the outbox's own files. */
import { CredentialError } from "../../../src/azure/credentials/credentials.ts";
import { credentialsFromFile } from "../../../src/azure/credentials/file.ts";
import type { CommandReply } from "../../../src/azure/link/link.ts";
import { defaultTuning } from "../../../src/azure/link/tuning.ts";
import { decodeEntry, decodeNote, encodeEntry, encodeNote } from "../../../src/azure/outbox/entry.ts";
import { encodeLine, readLines } from "../../../src/azure/outbox/segments/lines.ts";
import { readInbound } from "../../../src/azure/sdk/inbound.ts";
import { CommandDispatcher } from "../../../src/azure/session/command-dispatcher.ts";
import { readJson } from "../../../src/base/json/value.ts";
import { silentLog } from "../../../src/base/log.ts";
import { millis, wallMillis } from "../../../src/base/units.ts";
import { validateRequest } from "../../../src/control/limits.ts";
import { start, step } from "../../../src/control/step.ts";
import { inForce } from "../../../src/control/twin/in-force.ts";
import {
  nextReport,
  startLink,
  type TwinOutcome,
  takeDocument,
  takePatch,
} from "../../../src/control/twin/twin.ts";
import { defaultSettings } from "../../../src/model/settings.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import type { Target } from "../harness.ts";

const wallMs = wallMillis(1_780_000_000_000);
const device = start(defaultSettings, undefined, { nowMs: millis(0), wallMs, firmware: "0.1.0" });

/** What the core makes of an outcome: nothing it asks for is out of its limits, and it reports something sound. */
function carriedOut({ requests, link, decisions }: TwinOutcome): void {
  const before = inForce(device);
  for (const request of requests) {
    const refused = validateRequest(request, before.limits);
    if (refused !== undefined) throw new Error(`the twin asks for what is refused: ${refused}`);
  }
  const calm = { buttons: [], relayLine: false, link: "online", failing: [], wallMs } as const;
  const { state } = step(device, { ...calm, requests }, millis(1000));
  const { report } = nextReport(link, inForce(state), { firmwareVersion: "0.1.0" });
  if (JSON.stringify({ report, decisions }).length > 32 * 1024)
    throw new Error("more is reported than the hub takes");
}

function readTwin(input: Buffer): boolean {
  const inbound = readInbound("$iothub/twin/res/200/?$rid=1", input);
  if (inbound.kind !== "twin-reply" || inbound.status !== 200) return false;
  const first = takeDocument(startLink, inForce(device), readJson(input.toString()));
  carriedOut(first);
  return !first.getAgain;
}

function readDesired(input: Buffer): boolean {
  const inbound = readInbound("$iothub/twin/PATCH/properties/desired/?$version=7", input);
  if (inbound.kind !== "desired") return false;
  const known = { ...startLink, known: {} };
  carriedOut(takePatch(known, inForce(device), inbound.patch, inbound.version));
  return true;
}

const statuses = [200, 202, 400, 404, 429, 500, 503, 504];

function dispatcher(): CommandDispatcher {
  return new CommandDispatcher({
    clock: new VirtualClock(),
    log: silentLog,
    tuning: defaultTuning,
    onCommand: async (): Promise<CommandReply> => ({ status: 200, payload: null }),
    isRepeated: async () => false,
  });
}

const desk = dispatcher();

/** First line the topic, the rest the payload. */
async function readTopic(input: Buffer): Promise<boolean> {
  const end = input.indexOf("\n");
  const inbound = readInbound(input.toString("utf8", 0, end), input.subarray(end + 1));
  if (inbound.kind === "method") {
    const { status } = await desk.method(inbound.name, inbound.requestId, inbound.payload);
    if (!statuses.includes(status)) throw new Error(`a method is answered with ${status}`);
  }
  if (inbound.kind === "message") await desk.message(inbound.message);
  if (inbound.kind === "desired") takePatch(startLink, inForce(device), inbound.patch, inbound.version);
  return inbound.kind !== "ignored";
}

const method = (name: string, payload: string): string => `$iothub/methods/POST/${name}/?$rid=1\n${payload}`;
const message = (name: string, body: string): string =>
  `devices/d/messages/devicebound/%24.mid=1&%24.exp=2099-01-01T00%3A00%3A00Z&method-name=${name}\n${body}`;

const noFiles = { read: async () => undefined, mode: async () => 0o600 };

async function readCredentials(input: Buffer): Promise<boolean> {
  try {
    await credentialsFromFile(input.toString(), "/etc/credentials.json", noFiles);
    return true;
  } catch (error) {
    if (error instanceof CredentialError) return false;
    throw error;
  }
}

const stamp = { boot: "b", upMs: 5, wallMs: 1_780_000_000_000 };
const entry = encodeEntry({ id: "1", stamp, body: '{"temperature":20}' });
const notes = encodeNote({ dropped: 3, offsets: { b: 17 } });
const lines = [
  { kind: "head", through: 0 },
  { kind: "put", key: 1, text: entry },
  { kind: "put", key: 2, text: entry },
  { kind: "remove", from: 1, through: 1 },
  { kind: "note", text: notes },
] as const;

function readSegment(input: Buffer): boolean {
  let sound = 0;
  let end = 0;
  for (const { line, at, length } of readLines(input)) {
    if (at !== end || length < 1) throw new Error("the lines of a segment do not follow each other");
    end = at + length;
    if (line?.kind === "put" && decodeEntry(line.key, line.text)) sound += 1;
    if (line?.kind === "note") decodeNote(line.text);
  }
  if (end !== input.length) throw new Error("a segment was not read to its end");
  return sound > 0;
}

const desired = JSON.stringify({
  targetTemperature: 21,
  controlMode: "auto",
  heaterSwitch: false,
  telemetryInterval: 60,
  sensorOffset: 0.5,
  $version: 7,
});

export const cloudTargets: readonly Target[] = [
  {
    name: "twin document",
    samples: [
      `{"desired":${desired},"reported":{"targetTemperature":{"value":19,"ac":203,"av":0},"$version":3}}`,
    ],
    read: readTwin,
  },
  { name: "desired patch", samples: [desired, '{"targetTemperature":null,"$version":8}'], read: readDesired },
  {
    name: "direct method",
    samples: [
      method("boost", "30"),
      method("identify", '"5"'),
      method("clearFaults", "null"),
      method("nothing", "{}"),
    ],
    read: readTopic,
  },
  {
    name: "cloud-to-device message",
    samples: [message("boost", "30"), message("clearFaults", "@")],
    read: readTopic,
  },
  {
    name: "credentials",
    samples: [
      '{"type":"dps-symmetric-key","idScope":"0ne00000001","registrationId":"a","deviceKey":"c2VjcmV0IHNlY3JldCBzZWNyZXQ="}',
      '{"type":"connection-string","connectionString":"HostName=a.azure-devices.net;DeviceId=d;SharedAccessKey=c2VjcmV0IHNlY3JldCBzZWNyZXQ="}',
    ],
    read: readCredentials,
  },
  { name: "outbox segment", samples: [lines.map(encodeLine).join("")], read: readSegment },
  {
    name: "outbox entry",
    samples: [entry, notes],
    read: (input) =>
      decodeEntry(1, input.toString()) !== undefined || decodeNote(input.toString()).dropped > 0,
  },
];
