/**
 * Who sets a value. Open: a face brings its own name, and everything that asks who it was asks here.
 *
 * Guarantee: a source is a short word of lower-case letters, digits and hyphens, so that it fits into a log line, a
 * stored state and an acknowledgement.
 */

/** `default`: nobody yet. `device`: its own panel. `cloud`: the twin's desired document. Else a face's name. */
export type Source = string;

export const isSource = (value: unknown): value is Source =>
  typeof value === "string" && /^[a-z][a-z0-9-]{0,31}$/.test(value);

/** As the twin tells them apart; its `lastChange` names one of them. */
export const sides = ["default", "device", "cloud"] as const;

/** To the twin, whatever neither the cloud nor the defaults have set was set at the device. */
export const sideOf = (source: Source): (typeof sides)[number] =>
  source === "default" || source === "cloud" ? source : "device";
