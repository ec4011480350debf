/**
 * Folder slots/: two places for installed images, a and b, and which of them the next start takes.
 *
 * The states of an update, as pure functions over one stored record:
 *
 *     installed → trial → confirmed
 *                      ↘ reverted
 *
 * Guarantees: a trial has a bounded number of starts, each counted before it happens, so that an image that ends the
 * machine ends its trial too; the counter floor rises on confirmation alone and never falls; an image that was reverted is
 * never tried again; the outcome of a trial stays recorded until it was reported. Where no slot can be used the program
 * that the service was installed with starts (the "factory" firmware): heat is never lost to a bad update.
 */

export type SlotName = "a" | "b";
/** What a start takes: a slot, or the program that the service was installed with. */
export type StartTarget = SlotName | "factory";

export interface SlotImage {
  /** SHA-256 of the image's manifest. */
  readonly digest: string;
  readonly version: string;
  readonly counter: number;
}

export interface Outcome {
  readonly result: "confirmed" | "reverted";
  readonly image: SlotImage;
  /** Why it was reverted; empty for a confirmed one. */
  readonly reason: string;
  /** The owner's systems know of it. */
  readonly reported: boolean;
}

export interface SlotsState {
  readonly slots: Readonly<Record<SlotName, SlotImage | null>>;
  /** The confirmed slot; null: the factory firmware. */
  readonly active: SlotName | null;
  /** The image that is being tried. */
  readonly trial: { readonly slot: SlotName; readonly startsLeft: number } | null;
  /** The highest counter that was confirmed. */
  readonly counterFloor: number;
  /** Digests of the images that were reverted, newest last. */
  readonly failed: readonly string[];
  readonly outcome: Outcome | null;
}

/** A crash may have another cause than the image: a brown-out, a full disk. */
const trialStarts = 3;
export const maxFailed = 32;

export const noSlots: SlotsState = {
  slots: { a: null, b: null },
  active: null,
  trial: null,
  counterFloor: 0,
  failed: [],
  outcome: null,
};

/** Where the next image goes: never over what runs, nor over what a trial would go back to. `undefined` during a trial. */
export const freeSlot = ({ active, trial }: SlotsState): SlotName | undefined =>
  trial === null ? (active === "a" ? "b" : "a") : undefined;

/** The slot's content is about to change: until it is whole again it holds no image. */
export const emptied = (state: SlotsState, slot: SlotName): SlotsState => ({
  ...state,
  slots: { ...state.slots, [slot]: null },
});

/** The slot holds this image, whole and on the disk. */
export const installed = (state: SlotsState, slot: SlotName, image: SlotImage): SlotsState => ({
  ...state,
  slots: { ...state.slots, [slot]: image },
});

/** The next start takes this slot, on trial. @throws RangeError for a slot that holds no image, or runs */
export function onTrial(state: SlotsState, slot: SlotName): SlotsState {
  if (state.slots[slot] === null) throw new RangeError(`slot ${slot} holds no image`);
  if (state.active === slot) throw new RangeError(`slot ${slot} is confirmed already`);
  return { ...state, trial: { slot, startsLeft: trialStarts } };
}

/** The image on trial proved its health. Without a trial nothing changes. */
export function confirmed(state: SlotsState): SlotsState {
  const image = state.trial && state.slots[state.trial.slot];
  if (!state.trial || !image) return state;
  return {
    ...state,
    active: state.trial.slot,
    trial: null,
    counterFloor: Math.max(state.counterFloor, image.counter),
    outcome: { result: "confirmed", image, reason: "", reported: false },
  };
}

/** The image on trial failed. Without a trial nothing changes. */
export function reverted(state: SlotsState, reason: string): SlotsState {
  const image = state.trial && state.slots[state.trial.slot];
  if (!state.trial || !image) return { ...state, trial: null };
  return {
    ...state,
    trial: null,
    failed: [...state.failed.filter((digest) => digest !== image.digest), image.digest].slice(-maxFailed),
    outcome: { result: "reverted", image, reason, reported: false },
  };
}

/** The owner's systems know of the outcome. */
export const outcomeReported = (state: SlotsState): SlotsState =>
  state.outcome === null ? state : { ...state, outcome: { ...state.outcome, reported: true } };

export interface NextStart {
  /** To be stored before the start: a trial's start is counted in it. */
  readonly state: SlotsState;
  readonly target: StartTarget;
  /** For the log, where it is not what was to be expected. */
  readonly note?: string;
}

export interface StartConditions {
  /** Every file of the slot is as its signed manifest says. */
  readonly isIntact: (slot: SlotName) => Promise<boolean>;
  /** The counter of the factory firmware; an owner who installs a newer one by hand gets it. */
  readonly factoryCounter: number;
}

/** Decides what to start. */
export async function nextStart(state: SlotsState, conditions: StartConditions): Promise<NextStart> {
  const { trial } = state;
  if (trial !== null) {
    const why = await whyNoTrial(state, trial, conditions);
    if (why === undefined) {
      return {
        state: { ...state, trial: { ...trial, startsLeft: trial.startsLeft - 1 } },
        target: trial.slot,
      };
    }
    return {
      ...(await confirmedStart(reverted(state, why), conditions)),
      note: `the update was reverted: ${why}`,
    };
  }
  return confirmedStart(state, conditions);
}

async function whyNoTrial(
  { slots }: SlotsState,
  { slot, startsLeft }: NonNullable<SlotsState["trial"]>,
  { isIntact }: StartConditions,
): Promise<string | undefined> {
  if (slots[slot] === null || !(await isIntact(slot))) return "its files are damaged";
  return startsLeft > 0 ? undefined : `it did not prove its health in ${trialStarts} starts`;
}

async function confirmedStart(
  state: SlotsState,
  { isIntact, factoryCounter }: StartConditions,
): Promise<NextStart> {
  const { active, slots, counterFloor, failed } = state;
  if (active === null) return { state, target: "factory" };
  const image = slots[active];
  if (image !== null && factoryCounter > image.counter) {
    return { state: { ...state, active: null }, target: "factory", note: "the installed firmware is newer" };
  }
  if (image !== null && (await isIntact(active))) return { state, target: active };
  const other: SlotName = active === "a" ? "b" : "a";
  const spare = slots[other];
  const mayStart = spare !== null && spare.counter >= counterFloor && !failed.includes(spare.digest);
  if (mayStart && (await isIntact(other))) {
    return {
      state: { ...state, active: other },
      target: other,
      note: `slot ${active} is damaged: slot ${other} starts`,
    };
  }
  // The slots stay as they are: a damaged card may read again, and the owner sees what they hold.
  return { state, target: "factory", note: "no slot is intact: the firmware of the installation starts" };
}
