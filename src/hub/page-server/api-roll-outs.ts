/** Roll-outs of firmware by the hub's feed: a part of the protocol in api.ts. */

/** The roll-out of one group of the hub's feed. */
export interface RollOutGroup {
  /** Channel and group, as units name theirs. */
  readonly name: string;
  readonly version: string;
  /** % of the group's units that may take it. */
  readonly percent: number;
  /** % of those units that may fail before it is stopped. */
  readonly stopAt: number;
  /** Units known to this hub; of these: included by `percent`, confirmed, and reverted or refused. */
  readonly units: number;
  readonly included: number;
  readonly confirmed: number;
  readonly failed: number;
  /** Set while the hub gives the image to no further unit. */
  readonly stopped: { readonly reason: string; readonly atMs: number } | null;
}

export interface RollOutChange {
  /** Of the group. */
  readonly name: string;
  readonly action: "stop" | "resume";
}
