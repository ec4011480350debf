/**
 * The value that lost where both sides had made one while offline (RR-4), in the words of an acknowledgement: its `ad` is
 * the one place for it that every hub keeps and IoT Central shows beside the property.
 *
 * Guarantees: `parseSuperseded` gets back what `describeSuperseded` said, wherever it stands in the text, and never throws.
 */
import { isoTime } from "../../base/iso-time.ts";
import { type WallMillis, wallMillis } from "../../base/units.ts";

/** A type, not an interface: it is JSON, and compared as such. */
export type Superseded = {
  readonly value: number | boolean | string;
  readonly source: "default" | "device" | "cloud";
  /** When the device made it; a device is not told when the cloud made its own. */
  readonly wallMs?: WallMillis;
};

/** Who made a value, and when where that is known. */
export function originText({ source, wallMs }: Pick<Superseded, "source" | "wallMs">): string {
  switch (source) {
    case "default":
      return "default";
    case "cloud":
      return "set by the cloud";
    case "device":
      return wallMs === undefined ? "set at the device" : `set at the device at ${isoTime(wallMs)}`;
  }
}

export const describeSuperseded = (superseded: Superseded): string =>
  `won over ${superseded.value}, ${originText(superseded)}`;

const said =
  /(?:^|; )won over ([^,;]{1,64}), (default|set by the cloud|set at the device)(?: at ([^;]{1,40}))?(?:;|$)/;
const sources: Readonly<Record<string, Superseded["source"]>> = {
  default: "default",
  "set by the cloud": "cloud",
  "set at the device": "device",
};

/** @param ad of any device's acknowledgement @returns `undefined` when it names no superseded value */
export function parseSuperseded(ad: string): Superseded | undefined {
  const [, value, origin, time] = said.exec(ad) ?? [];
  const source = sources[origin ?? ""];
  if (value === undefined || source === undefined) return undefined;
  const at = Date.parse(time ?? "");
  return { value: valueIn(value), source, ...(Number.isNaN(at) ? {} : { wallMs: wallMillis(at) }) };
}

const originOnly = /^(default|set by the cloud|set at the device)(?: at ([^;]{1,40}))?$/;

/** @returns who made the value in force, when `ad` says that and nothing else */
export function parseOrigin(ad: string): Pick<Superseded, "source" | "wallMs"> | undefined {
  const [, origin, time] = originOnly.exec(ad) ?? [];
  const source = sources[origin ?? ""];
  if (source === undefined) return undefined;
  const at = Date.parse(time ?? "");
  return { source, ...(Number.isNaN(at) ? {} : { wallMs: wallMillis(at) }) };
}

function valueIn(text: string): Superseded["value"] {
  if (text === "true" || text === "false") return text === "true";
  const number = Number(text);
  return text.trim() !== "" && Number.isFinite(number) ? number : text;
}
