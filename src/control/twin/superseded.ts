/**
 * The value that lost where both sides had made one while offline (RR-4), in the words of an acknowledgement: its `ad` is
 * the one place for it that every hub keeps and IoT Central shows beside the property.
 *
 * Guarantees: `parseSuperseded` gets back what `describeSuperseded` said, wherever it stands in the text, and never throws.
 */
import { isoTime } from "../../base/iso-time.ts";
import { type WallMillis, wallMillis } from "../../base/units.ts";
import type { Source } from "../../model/sources.ts";

/** A type, not an interface: it is JSON, and compared as such. */
export type Superseded = {
  readonly value: number | boolean | string;
  readonly source: Source;
  /** When the device made it; a device is not told when the cloud made its own. */
  readonly wallMs?: WallMillis;
};

/** Who made a value, and when where that is known. */
export function originText({ source, wallMs }: Pick<Superseded, "source" | "wallMs">): string {
  if (source === "default") return "default";
  // The cloud does not tell a device when.
  if (source === "cloud") return "set by the cloud";
  const who = source === "device" ? "set at the device" : `set by ${source}`;
  return wallMs === undefined ? who : `${who} at ${isoTime(wallMs)}`;
}

export const describeSuperseded = (superseded: Superseded): string =>
  `won over ${superseded.value}, ${originText(superseded)}`;

const origins = "(default|set by the cloud|set at the device|set by [a-z][a-z0-9-]{0,31})";
const said = new RegExp(`(?:^|; )won over ([^,;]{1,64}), ${origins}(?: at ([^;]{1,40}))?(?:;|$)`);

function sourceIn(origin: string): Source {
  if (origin === "default") return origin;
  return origin === "set by the cloud" ? "cloud" : origin.replace(/^set at the |^set by /, "");
}

/** @param ad of any device's acknowledgement @returns `undefined` when it names no superseded value */
export function parseSuperseded(ad: string): Superseded | undefined {
  const [, value, origin, time] = said.exec(ad) ?? [];
  if (value === undefined || origin === undefined) return undefined;
  const at = Date.parse(time ?? "");
  return {
    value: valueIn(value),
    source: sourceIn(origin),
    ...(Number.isNaN(at) ? {} : { wallMs: wallMillis(at) }),
  };
}

const originOnly = new RegExp(`^${origins}(?: at ([^;]{1,40}))?$`);

/** @returns who made the value in force, when `ad` says that and nothing else */
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
