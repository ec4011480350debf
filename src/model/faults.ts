/**
 * Faults: one row each, with its stable code, its cause and its effect.
 *
 * Guarantee: only this table decides whether a fault forbids heat or is latched. A row whose part the firmware does not
 * report (failing-parts.ts), or without part and condition (active-faults.ts), does not compile.
 */
export interface FaultEffect {
  /** The failing part of the firmware that raises it (SR-11); other faults have a condition. */
  readonly part?: string;
  /** The rule that it enforces. */
  readonly rule: `SR-${string}`;
  /** The heater is commanded OFF while it is active. */
  readonly heaterOff: boolean;
  /** Stays, also over a restart, until a person clears it. */
  readonly latched: boolean;
  /** For the screen, at most 16 characters. */
  readonly short: string;
  /** For the log: what happened and what to do. */
  readonly remedy: string;
}

/** Most severe first: the screen shows the first active one. */
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
  // A welded contact is not switched any more, not even after a power cut; the fault ends once the room cools, so that a
  // sunny day mistaken for a welded contact does not leave the house cold.
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
    remedy:
      "The sensor repeats the same value to the last bit. Power-cycle it; if that does not help, replace it.",
  },
  // Weather, or another heater. Not latched, so that frost protection works again later.
  "hot-room": {
    rule: "SR-04",
    heaterOff: true,
    latched: false,
    short: "HOT ROOM",
    remedy:
      "The room is at the cut-off although this heater was off for hours. Heating is blocked until it cools; no action needed.",
  },
  // Does not forbid heat: SR-07 handles a wrong line, and one failed write must not switch the relay.
  "relay-failed": {
    part: "relay",
    rule: "SR-11",
    heaterOff: false,
    latched: false,
    short: "RELAY FAILED",
    remedy:
      "The relay's line could not be written or read. Check what else uses it; see the log for the cause.",
  },
  // Does not forbid heat: guardian and loop still turn the relay off for each other.
  "watcher-missing": {
    part: "watcher",
    rule: "SR-01",
    heaterOff: false,
    latched: false,
    short: "NO WATCHER",
    remedy:
      "The process that turns the relay off when guardian and loop are killed together does not run. Check free memory and /bin/sh.",
  },
  // Does not forbid heat: a heater without effect does no harm, and with a tripped fuse forbidding heat could freeze
  // pipes. A sensor in the wrong place is a case for the independent cut-out.
  "heating-ineffective": {
    rule: "SR-05",
    heaterOff: false,
    latched: false,
    short: "NO HEAT",
    remedy:
      "The heater has no effect on the room. Check its plug, fuse and thermostat, and where the sensor is.",
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
  // Does not forbid heat: another firmware stands in.
  "firmware-unusable": {
    part: "firmware",
    rule: "SR-11",
    heaterOff: false,
    latched: false,
    short: "UPDATE DAMAGED",
    remedy:
      "The installed update cannot be used; an older firmware runs in its place. See: grove-heater update status. Install an update again.",
  },
  // Does not forbid heat: a worn contact still switches, until it welds or no longer closes (SR-06, SR-05).
  "relay-worn": {
    rule: "SR-11",
    heaterOff: false,
    latched: false,
    short: "RELAY WORN",
    remedy:
      "The relay has switched as often as its contact is made for (setting relayLife). Replace it, then run grove-heater reset relay.",
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
    remedy: "The display does not answer. Check its cable; control continues without it.",
  },
  "leds-failed": {
    part: "leds",
    rule: "SR-11",
    heaterOff: false,
    latched: false,
    short: "LED FAILED",
    remedy: "An LED's line cannot be written. Check its wiring; the screen shows the same state.",
  },
  // Does not forbid heat: nothing in control reads the history.
  "history-failed": {
    part: "history",
    rule: "SR-11",
    heaterOff: false,
    latched: false,
    short: "NO HISTORY",
    remedy:
      "The history cannot be stored; its last four hours wait in memory. Check the disk's space and health; see the log for the cause.",
  },
  "updates-failed": {
    part: "updates",
    rule: "SR-11",
    heaterOff: false,
    latched: false,
    short: "NO UPDATES",
    remedy:
      "This unit gets no firmware updates: updates.json cannot be used, or no source of updates has answered for a week. See: grove-heater update status; then the log.",
  },
  "alerts-failed": {
    part: "alerts",
    rule: "SR-11",
    heaterOff: false,
    latched: false,
    short: "NO ALERTS",
    remedy:
      "Alerts do not reach anybody: alerts.json cannot be used, or its server does not accept them. See: grove-heater alerts test; then the log.",
  },
  "cloud-failed": {
    part: "cloud",
    rule: "SR-11",
    heaterOff: false,
    latched: false,
    short: "CLOUD FAILED",
    remedy:
      "The connection to the cloud has failed. Control continues without it; see the log for the cause.",
  },
  "home-assistant-failed": {
    part: "home-assistant",
    rule: "SR-11",
    heaterOff: false,
    latched: false,
    short: "MQTT FAILED",
    remedy:
      "Home Assistant is not connected: mqtt.json cannot be used, or the broker refuses this device. Control continues without it. See: grove-heater doctor; then the log.",
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

const betweenCodes = ", ";

/** Active faults as the property `faults` reports them. @param codes most severe first */
export const faultsText = (codes: readonly string[]): string => codes.join(betweenCodes);
/** The reverse; of any text. */
export const faultCodesOf = (reported: unknown): readonly string[] =>
  typeof reported === "string" ? reported.split(",").flatMap((code) => code.trim() || []) : [];
