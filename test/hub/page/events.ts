/** Events of a timeline in few words. */
import type { TimelineEvent } from "../../../src/hub/page-server/api.ts";

export type Draft = Pick<TimelineEvent, "kind"> & Partial<TimelineEvent>;

/** Numbered and a second apart, of device "a". */
export const events = (...drafts: readonly Draft[]): TimelineEvent[] =>
  drafts.map((draft, index) => ({
    sequence: index + 1,
    atMs: (index + 1) * 1000,
    deviceId: "a",
    actor: "hub",
    text: "",
    ...draft,
  }));
