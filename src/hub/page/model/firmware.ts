/**
 * A device's reports about its updates, as texts of its card.
 *
 * Guarantee: pure, and never throws. A last update that failed, and a source that cannot be asked, have the
 * tone `bad`. The last report of an unreachable device is never shown as still in progress.
 */
import type { DeviceSummary, FirmwareView } from "../../page-server/api.ts";
import { isReachable } from "./cable.ts";
import type { StatusView, Tone } from "./status.ts";
import { numberText, plainText } from "./text/words.ts";

export interface FirmwareCard {
  readonly installed: string;
  /** Which program runs. */
  readonly program: string;
  /** "—" when no update is assigned. */
  readonly available: string;
  readonly state: StatusView;
  /** Downloaded share in %; `undefined` while there is nothing to fetch. */
  readonly progress: number | undefined;
  readonly last: StatusView;
  readonly slotA: string;
  readonly slotB: string;
  /** Why the button is disabled; empty while the device can be reached. */
  readonly unreachable: string;
}

const programs = { a: "slot a", b: "slot b", factory: "program of the installation" } as const;

const states: Readonly<Record<NonNullable<FirmwareView["state"]>, readonly [Tone, string]>> = {
  idle: ["quiet", "Idle"],
  waiting: ["pending", "Waiting"],
  downloading: ["device", "Downloading"],
  installing: ["device", "Installing"],
  deferred: ["pending", "Deferred"],
  starting: ["pending", "Starting"],
  "on-trial": ["pending", "On trial, not confirmed yet"],
};

const results: Readonly<Record<NonNullable<FirmwareView["lastResult"]>, readonly [Tone, string]>> = {
  none: ["quiet", "None yet"],
  confirmed: ["good", "Confirmed"],
  reverted: ["bad", "Reverted"],
  refused: ["bad", "Refused"],
  kept: ["quiet", "Downloaded, not installed"],
  canceled: ["quiet", "Canceled"],
};

const unknown = ["quiet", "Unknown"] as const;
const orDash = (text: string): string => (text === "" ? "—" : text);

/** @returns `undefined` for a device that reports no such component */
export function firmwareCard(device: DeviceSummary): FirmwareCard | undefined {
  const { firmware } = device;
  if (firmware === null) return undefined;
  const reachable = isReachable(device);
  return {
    installed: orDash(firmware.installed),
    program: firmware.program === null ? "" : programs[firmware.program],
    available: orDash(firmware.available),
    state: stateView(firmware, reachable),
    progress: progressOf(firmware, reachable),
    last: lastView(firmware),
    slotA: slotText(firmware, "a"),
    slotB: slotText(firmware, "b"),
    unreachable: reachable ? "" : "The device cannot be reached: this is what it reported last.",
  };
}

/**
 * What the update does, and why it waits or what failed.
 * @param more texts after the state's word; empty ones are omitted
 */
export function stateView(
  { state, reason }: FirmwareView,
  reachable: boolean,
  more: readonly string[] = [],
): StatusView {
  const [tone, stateWord] = state === null ? unknown : states[state];
  const word = [stateWord, ...more.filter((text) => text !== "")].join(" · ");
  const detail = plainText(reason);
  if (!reachable) return { tone: "quiet", word: `${word}, as last reported`, detail };
  // Without an update there is nothing to wait for: the reason is a failure of a source.
  return state === "idle" && reason !== ""
    ? { tone: "bad", word: "No check possible", detail }
    : { tone, word, detail };
}

/** How the last update ended, with its version and reason. */
export function lastView({ lastResult, lastVersion, lastReason }: FirmwareView): StatusView {
  const [tone, word] = lastResult === null ? unknown : results[lastResult];
  const shown = lastResult === "none" || lastVersion === "" ? word : `${lastVersion} ${word.toLowerCase()}`;
  return { tone, word: shown, detail: plainText(lastReason) };
}

export function progressOf({ state, progress }: FirmwareView, reachable: boolean): number | undefined {
  if (!reachable || progress === null) return undefined;
  // A download that waits for its server keeps its progress.
  const isPartial = state === "waiting" && progress > 0 && progress < 100;
  return state === "downloading" || isPartial ? progress : undefined;
}

export const percentText = (progress: number): string => `${numberText(Math.floor(progress))} %`;

function slotText(firmware: FirmwareView, slot: "a" | "b"): string {
  const version = slot === "a" ? firmware.slotA : firmware.slotB;
  if (version === "") return "empty";
  return firmware.program === slot ? `${version}, runs` : version;
}
