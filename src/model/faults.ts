/**
 * Faults: one row each, with its stable code, what raises it and what it does.
 *
 * Guarantee: nothing but the table decides whether a fault forbids heat or stays until a person clears it. A row whose
 * part the firmware does not report (failing-parts.ts), or without part and condition (active-faults.ts), does not
 * compile.
 */
export interface FaultEffect {
  /** The part of the firmware that raises it by being reported as failing (SR-11); another fault has a condition. */
  readonly part?: string;
  /** The rule that it enforces. */
  readonly rule: `SR-${string}`;
  /** The heater is commanded OFF while it stands. */
  readonly heaterOff: boolean;
  /** Stays, also over a restart, until a person clears it. */
  readonly latched: boolean;
  /** For the screen, at most 16 characters. */
  readonly short: string;
  /** For the log: what happened and what to do. */
  readonly remedy: string;
}

/** In order of severity: the first that stands is the one the screen shows. */
const rows = {
  "over-temperature": {
    rule: "SR-04",
    heaterOff: true,
    latched: true,
    short: "TOO HOT",
    remedy: "The room passed the cut-off. Find out why, let it cool, then hold A and B for 3 s.",
  },
  "relay-mismatch": {
    rule: "SR-07",
    heaterOff: true,
    latched: false,
    short: "RELAY LINE",
    remedy:
      "The relay's line does not follow its command. Check the wiring and what else uses the line. Ends ten minutes after the line follows, or then hold A and B for 3 s.",
  },
  // A contact that cannot be opened is no longer switched at all, not even after a power cut; the fault ends by itself
  // once the room cools, so that a sunny day mistaken for a welded contact does not leave the house cold.
  "relay-stuck-on": {
    rule: "SR-06",
    heaterOff: true,
    latched: false,
    short: "RELAY STUCK ON",
    remedy:
      "The room warms as if heated although the heater is off. Unless another heater is on, unplug this one and replace the relay. Ends once the room has cooled, or hold A and B for 3 s.",
  },
  "sensor-stale": {
    rule: "SR-02",
    heaterOff: true,
    latched: false,
    short: "NO SENSOR",
    remedy: "No credible reading for 60 s. Check the sensor's cable; three good readings in a row end this.",
  },
  "sensor-stuck": {
    rule: "SR-03",
    heaterOff: true,
    latched: false,
    short: "SENSOR FROZEN",
    remedy: "The sensor repeats one value to the last bit. Cut its power for a moment, else replace it.",
  },
  // Weather, or another heater. Ends by itself, so that frost protection is there when the frost comes.
  "hot-room": {
    rule: "SR-04",
    heaterOff: true,
    latched: false,
    short: "HOT ROOM",
    remedy:
      "The room is at the cut-off although this heater was off for hours. Heat is forbidden until it cools; nothing else to do.",
  },
  // Forbids nothing by itself: a line that does not follow is SR-07's, and one failed write must not switch the relay.
  "relay-failed": {
    part: "relay",
    rule: "SR-11",
    heaterOff: false,
    latched: false,
    short: "RELAY FAILED",
    remedy:
      "The relay's line could not be written or read. Check what else uses it; the log names the cause.",
  },
  // Forbids nothing: guardian and loop still turn the relay off for each other.
  "watcher-missing": {
    part: "watcher",
    rule: "SR-01",
    heaterOff: false,
    latched: false,
    short: "NO WATCHER",
    remedy:
      "The process that turns the relay off when guardian and loop are killed together does not run. Check free memory and /bin/sh.",
  },
  // Forbids nothing: a heater that gives no heat does no harm by being asked, and forbidding would turn a
  // tripped fuse into frozen pipes. A sensor lying elsewhere is what the independent cut-out is for.
  "heating-ineffective": {
    rule: "SR-05",
    heaterOff: false,
    latched: false,
    short: "NO HEAT",
    remedy:
      "The room does not answer to the heater. Check its plug, fuse and thermostat, and where the sensor is.",
  },
  "state-lost": {
    rule: "SR-11",
    heaterOff: false,
    latched: true,
    short: "STATE LOST",
    remedy:
      "The stored state was unreadable; an older one or the defaults are in use. Check the set-point, then hold A and B for 3 s.",
  },
  "storage-failed": {
    part: "storage",
    rule: "SR-11",
    heaterOff: false,
    latched: false,
    short: "STORAGE FAILED",
    remedy:
      "The state cannot be written and would be lost with the power. Check the disk's space and health.",
  },
  "settings-unreadable": {
    part: "settings",
    rule: "SR-11",
    heaterOff: false,
    latched: false,
    short: "SETTINGS BAD",
    remedy:
      "The settings file is unreadable; the last good settings are in use. Correct the file and restart.",
  },
  "board-unreadable": {
    part: "board",
    rule: "SR-11",
    heaterOff: false,
    latched: false,
    short: "BOARD FILE BAD",
    remedy: "The board definition is unreadable; the last good one is in use. Correct the file and restart.",
  },
  "buttons-failed": {
    part: "buttons",
    rule: "SR-11",
    heaterOff: false,
    latched: false,
    short: "BUTTON STUCK",
    remedy: "A button is stuck or unreadable and is ignored. Release it, or check its wiring.",
  },
  "display-failed": {
    part: "display",
    rule: "SR-11",
    heaterOff: false,
    latched: false,
    short: "NO DISPLAY",
    remedy: "The display does not answer. Check its cable; control goes on without it.",
  },
  "leds-failed": {
    part: "leds",
    rule: "SR-11",
    heaterOff: false,
    latched: false,
    short: "LED FAILED",
    remedy: "A light's line cannot be written. Check its wiring; the screen shows what the light would.",
  },
  "cloud-failed": {
    part: "cloud",
    rule: "SR-11",
    heaterOff: false,
    latched: false,
    short: "CLOUD FAILED",
    remedy: "The way to the cloud is out of order. Control goes on without it; the log names the cause.",
  },
} as const satisfies Readonly<Record<string, FaultEffect>>;

type Rows = typeof rows;
export type FaultCode = keyof Rows;
export const faultEffects: Readonly<Record<FaultCode, FaultEffect>> = rows;

/** Parts that the firmware reports as failing, each with the fault that this raises. */
export type FaultOfPart = {
  readonly [Code in FaultCode as Rows[Code] extends { readonly part: infer P extends string }
    ? P
    : never]: Code;
};
export type FailingPart = keyof FaultOfPart;

/** Every code, most severe first. */
export const faultCodes = Object.keys(faultEffects) as readonly FaultCode[];

export const faultOfPart = Object.fromEntries(
  faultCodes.flatMap((code) => {
    const { part } = faultEffects[code];
    return part === undefined ? [] : [[part, code]];
  }),
) as FaultOfPart;

export const isFaultCode = (value: unknown): value is FaultCode =>
  typeof value === "string" && Object.hasOwn(faultEffects, value);
