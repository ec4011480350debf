/**
 * Folder local-socket/: a way into a running device for the commands of this machine: a Unix socket in its data folder.
 *
 * The messages: one JSON object per line, one union for each direction. `localProtocol` is the version of the
 * messages: client and device may be programs of different versions. Increase it with every incompatible
 * change of a message; an addition that may be ignored is not one.
 */
import type { Infer } from "../../base/schema/schema.ts";
import { byKind, list, map, object } from "../../base/schema/structures.ts";
import { anything, boolean, integer, nullable, oneOf, optional, string } from "../../base/schema/values.ts";
import { presets } from "../../model/cloud-model.ts";
import { setPointSources } from "../../model/properties.ts";
import { historyRow } from "../history/row.ts";
import { faultCode, large, links, quantity, truncated } from "../process/message-values.ts";

export const localProtocol = 1;
/** Longer lines end the connection. */
export const maxLineBytes = 16 * 1024;

const nothing = object({});
const id = integer(0);
const maxText = 512;

export const toDevice = byKind("kind", {
  /** Answered by one `status`. */
  status: nothing,
  /** Answered by a `status` at once and at each change, at most one a second. */
  watch: nothing,
  /** A new value for a writable property. Answered by an `answer`, as the next six. */
  set: object({ id, name: string(undefined, 64), value: anything }),
  /** 0 ends a running boost. */
  boost: object({ id, minutes: quantity }),
  preset: object({ id, preset: oneOf(presets) }),
  "clear-faults": object({ id }),
  identify: object({ id, seconds: quantity }),
  /** New values for settings by their keys, of those that may change while the device runs; `null`: the default. */
  "change-settings": object({ id, changes: map(anything) }),
  /** Forgets what was learned of the room, or the cycles of a relay that was replaced. */
  reset: object({ id, what: oneOf(["room", "relay"]) }),
  /** Answered by the latest log lines and `logs-shown`; with `follow` also by each new one. */
  logs: object({ follow: boolean }),
  /** Answered by a `history-row` for each row that is not stored yet, oldest first, and `history-shown`. */
  history: nothing,
});

/** What the device is and does; temperatures in °C, times in ISO 8601. */
export const deviceStatus = object({
  firmware: truncated(64),
  board: truncated(maxText),
  startedAt: truncated(32),
  /** The setting `timeZone`: "auto" for the zone of the device's machine. */
  timeZone: optional(truncated(64)),
  /** Unit of the temperatures on the screen. */
  unit: oneOf(["C", "F"]),
  /** Missing without a credible reading. */
  temperature: optional(quantity),
  humidity: optional(quantity),
  /** The effective target: the set-point in force, or more during a boost. */
  aim: quantity,
  boostUntil: optional(truncated(32)),
  /** What decides the effective target; when that will change by itself, and to which set-point. */
  setPointFrom: optional(oneOf(setPointSources)),
  setPointUntil: optional(truncated(32)),
  nextSetPoint: optional(quantity),
  /** 0 to 100 %. */
  demand: quantity,
  heater: boolean,
  /** State of the link to the cloud. */
  link: oneOf(links),
  /** Missing where no broker is configured. */
  homeAssistant: optional(oneOf(links)),
  /** Active faults, most severe first. */
  faults: list(faultCode, 100),
  /** Every writable property, with the source of its value. */
  values: map(object({ value: anything, source: truncated(32), changedAt: nullable(truncated(32)) })),
  relayCycles: large,
  heaterHours: large,
  /** Settings in force that are not the default; missing in older firmware. */
  settings: optional(map(anything)),
  /** Why they cannot be changed here. */
  settingsFixed: optional(truncated(maxText)),
  /** Whether the state is on the disk; true also when the disk has failed. */
  stored: boolean,
});
export type DeviceStatus = Infer<typeof deviceStatus>;

export const fromDevice = byKind("kind", {
  /** The first message of every connection. */
  hello: object({ protocol: integer(1), firmware: truncated(64) }),
  status: object({ status: deviceStatus }),
  /**
   * Answers the request with this id, once it is in force and on the disk; `stored` is false if the disk
   * takes too long.
   */
  answer: object({ id, refused: optional(truncated(maxText)), stored: boolean }),
  log: object({
    time: truncated(32),
    level: truncated(8),
    event: truncated(128),
    text: truncated(2048),
  }),
  "logs-shown": nothing,
  "history-row": object({ row: historyRow }),
  /** The end of the stored rows, before the first of these; absent until the disk was read. */
  "history-shown": object({ end: optional(object({ number: integer(1), bytes: integer(0) })) }),
  /** The device ends this connection, for this reason. */
  end: object({ reason: truncated(maxText) }),
});

export type ToDevice = Infer<typeof toDevice>;
export type FromDevice = Infer<typeof fromDevice>;
