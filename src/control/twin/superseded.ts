/**
 * The value that lost when both sides changed it while offline (RR-4), as text in the `ad` of an acknowledgement: every
 * hub stores that, and IoT Central shows it beside the property.
 *
 * Guarantees: `parseSuperseded` reverses `describeSuperseded` anywhere in a text, and never throws.
 */
import { isoTime } from "../../base/iso-time.ts";
import { type WallMillis, wallMillis } from "../../base/units.ts";
import type { Source } from "../../model/sources.ts";

/** A type, not an interface: it is JSON, and compared as such. */
export type Superseded = {
  readonly value: number | boolean | string;
  readonly source: Source;
  /** When the device set it; unknown for values of the cloud. */
  readonly wallMs?: WallMillis;
};

/** Source of a value, and its time if known. */
export function originText({ source, wallMs }: Pick<Superseded, "source" | "wallMs">): string {
  if (source === "default") return "default";
  // The device does not know the time of the cloud's change.
  if (source === "cloud") return "set by the cloud";
  const who = source === "device" ? "set at the device" : `set by ${source}`;
  return wallMs === undefined ? who : `${who} at ${isoTime(wallMs)}`;
}

export const describeSuperseded = (superseded: Superseded): string =>
  `won over ${superseded.value}, ${originText(superseded)}`;

const origins = "(default|set by the cloud|set at the device|set by [a-z][a-z0-9-]{0,31})";
const supersededPattern = new RegExp(
  `(?:^|; )won over ([^,;]{1,64}), ${origins}(?: at ([^;]{1,40}))?(?:;|$)`,
);

function sourceIn(origin: string): Source {
  if (origin === "default") return origin;
  return origin === "set by the cloud" ? "cloud" : origin.replace(/^set at the |^set by /, "");
}

/** @param ad of any device's acknowledgement @returns `undefined` without a superseded value */
export function parseSuperseded(ad: string): Superseded | undefined {
  const [, value, origin, time] = supersededPattern.exec(ad) ?? [];
  if (value === undefined || origin === undefined) return undefined;
  const at = Date.parse(time ?? "");
  return {
    value: valueIn(value),
    source: sourceIn(origin),
    ...(Number.isNaN(at) ? {} : { wallMs: wallMillis(at) }),
  };
}

const originOnly = new RegExp(`^${origins}(?: at ([^;]{1,40}))?$`);

/** @returns the source of the value in force, if `ad` contains nothing else */
export function parseOrigin(ad: string): Pick<Superseded, "source" | "wallMs"> | undefined {
  const [, origin, time] = originOnly.exec(ad) ?? [];
  if (origin === undefined) return undefined;
  const at = Date.parse(time ?? "");
  return { source: sourceIn(origin), ...(Number.isNaN(at) ? {} : { wallMs: wallMillis(at) }) };
}

function valueIn(text: string): Superseded["value"] {
  if (text === "true" || text === "false") return text === "true";
  const number = Number(text);
  return text.trim() !== "" && Number.isFinite(number) ? number : text;
}
