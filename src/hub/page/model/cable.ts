/** Texts about the cable. */
import type { DeviceSummary, TimelineEvent } from "../../page-server/api.ts";
import { spanText } from "./text/words.ts";

export interface CableText {
  /** The state. Screen readers announce changes, so it contains no running time. */
  readonly word: string;
  /** Since when, and how many edits wait. */
  readonly note: string;
}

/** Whether what is sent to the device arrives: not while it drops all traffic. */
export const isReachable = ({ connected, cable }: DeviceSummary): boolean =>
  connected && cable === "connected";

/** @param nowMs by the hub's clock */
export function cableText(
  device: DeviceSummary,
  timeline: readonly TimelineEvent[],
  nowMs: number,
): CableText {
  if (device.cable === "connected") {
    if (device.connected) return { word: "Plugged in", note: "Edits arrive at once, both ways." };
    return { word: "Plugged in, no device", note: "The hub waits for it to connect." };
  }
  const pulled = timeline.findLast(({ kind }) => kind === "cable");
  const span = pulled === undefined ? "now" : spanText(nowMs - pulled.atMs);
  const out = span === "now" ? "" : `For ${span}. `;
  const { pending } = device;
  const waits =
    pending === 0
      ? "Edit on both sides, then plug it back in."
      : pending === 1
        ? "1 edit waits for the device."
        : `${pending} edits wait for the device.`;
  return { word: words[device.cable], note: out + waits };
}

const words: Readonly<Record<Exclude<DeviceSummary["cable"], "connected">, string>> = {
  close: "Unplugged (clean close)",
  reset: "Unplugged (reset)",
  silence: "Silent: traffic dropped",
};
