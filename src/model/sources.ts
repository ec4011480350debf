/**
 * Who sets a value. Open: each face has its own name.
 *
 * Guarantee: a source is a short name of lower-case letters, digits and hyphens, valid in a log line, a stored state and
 * an acknowledgement.
 */

/** `default`: never set. `device`: its own panel. `cloud`: the twin's desired document. Otherwise a face's name. */
export type Source = string;

export const isSource = (value: unknown): value is Source =>
  typeof value === "string" && /^[a-z][a-z0-9-]{0,31}$/.test(value);

/** The sources that the twin distinguishes, as in its `lastChange`. */
export const sides = ["default", "device", "cloud"] as const;

/** For the twin, all other sources count as the device. */
export const sideOf = (source: Source): (typeof sides)[number] =>
  source === "default" || source === "cloud" ? source : "device";
