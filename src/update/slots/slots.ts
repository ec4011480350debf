/**
 * Folder slots/: two places for installed images, a and b, and which of them the next start uses.
 *
 * The states of an update, as pure functions over one stored record:
 *
 *     installed → trial → confirmed
 *                      ↘ reverted
 *
 * Guarantees: a trial has a bounded number of starts, each counted before it happens, so that an image that crashes the
 * machine ends its trial too; the counter floor rises on confirmation alone and never falls; an image that was reverted
 * is never tried again; the outcome of a trial stays recorded until it was reported. Where no slot can be used, the
 * program that the service was installed with (the "factory" firmware) starts: a bad update never ends the heating.
 */

export type SlotName = "a" | "b";
/** The program of a start: a slot, or the program that the service was installed with. */
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
  /** It was reported to the owner's system. */
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
/** Maximum length of an outcome's reason, in characters. */
export const maxReason = 500;

export const noSlots: SlotsState = {
  slots: { a: null, b: null },
  active: null,
  trial: null,
  counterFloor: 0,
  failed: [],
  outcome: null,
};

/**
 * The slot for the next image: never the running program, nor the one that a trial may revert to. `undefined`
 * during a trial.
 */
export const freeSlot = ({ active, trial }: SlotsState): SlotName | undefined =>
  trial === null ? (active === "a" ? "b" : "a") : undefined;

/** The slot's content is about to change: until that is complete it holds no image. */
export const emptied = (state: SlotsState, slot: SlotName): SlotsState => ({
  ...state,
  slots: { ...state.slots, [slot]: null },
});

/** The slot holds this image, complete and on the disk. */
export const installed = (state: SlotsState, slot: SlotName, image: SlotImage): SlotsState => ({
  ...state,
  slots: { ...state.slots, [slot]: image },
});

/**
 * The next start uses this slot, on trial.
 * @throws RangeError for a slot that holds no image, or is confirmed
 */
export function onTrial(state: SlotsState, slot: SlotName): SlotsState {
  if (state.slots[slot] === null) throw new RangeError(`slot ${slot} holds no image`);
  if (state.active === slot) throw new RangeError(`slot ${slot} is confirmed already`);
  return { ...state, trial: { slot, startsLeft: trialStarts } };
}

/**
 * The image on trial proved its health. Without a trial nothing changes. @param digest of the healthy image;
 * a trial of another image continues
 */
export function confirmed(state: SlotsState, digest?: string): SlotsState {
  const image = state.trial && state.slots[state.trial.slot];
  if (!state.trial || !image || (digest ?? image.digest) !== image.digest) return state;
  return {
    ...state,
    active: state.trial.slot,
    trial: null,
    counterFloor: Math.max(state.counterFloor, image.counter),
    outcome: { result: "confirmed", image, reason: "", reported: false },
  };
}

/**
 * The image on trial failed. Without a trial nothing changes. @param digest of the failed image; the trial of
 * another one continues
 */
export function reverted(state: SlotsState, reason: string, digest?: string): SlotsState {
  if (state.trial === null) return state;
  const image = state.slots[state.trial.slot];
  if (image === null) return { ...state, trial: null };
  if ((digest ?? image.digest) !== image.digest) return state;
  return { ...failedImage(state, image, reason), trial: null };
}

/**
 * A person reverts the running program: an image on trial, or the confirmed one. The other slot takes its
 * place if it was confirmed before, otherwise the factory firmware. The counter floor stays: no other image may be
 * as old.
 */
export function revertedByUser(state: SlotsState, reason: string): SlotsState {
  if (state.trial !== null) return reverted(state, reason);
  const { active, slots, failed } = state;
  const image = active && slots[active];
  if (!active || !image) return state;
  const other = otherSlot(active);
  const before = slots[other];
  // A newer image was never confirmed: it waits for its trial.
  const mayStart = before !== null && before.counter <= image.counter && !failed.includes(before.digest);
  return { ...failedImage(state, image, reason), active: mayStart ? other : null };
}

const failedImage = (state: SlotsState, image: SlotImage, reason: string): SlotsState => ({
  ...state,
  failed: [...state.failed.filter((digest) => digest !== image.digest), image.digest].slice(-maxFailed),
  outcome: { result: "reverted", image, reason: reason.slice(0, maxReason), reported: false },
});

const otherSlot = (slot: SlotName): SlotName => (slot === "a" ? "b" : "a");

/** The outcome was reported to the owner's system. */
export const outcomeReported = (state: SlotsState): SlotsState =>
  state.outcome === null ? state : { ...state, outcome: { ...state.outcome, reported: true } };

export interface NextStart {
  /** To be stored before the start, because it counts a trial's starts. */
  readonly state: SlotsState;
  readonly target: StartTarget;
  /** For the log: why the start is not the expected one. */
  readonly note?: string;
  /** Why the confirmed slot cannot start; to be shown to people, whichever program starts in its place. */
  readonly unusable?: string;
}

export interface StartConditions {
  /** Why a slot cannot start: a file differs from the signed manifest, or it is for another machine. */
  readonly problemOf: (slot: SlotName) => Promise<string | undefined>;
  /** Whether the factory firmware is newer than an image: an owner who installs one by hand gets it. */
  readonly isFactoryNewer: (image: SlotImage) => boolean;
  /** How the program that ran last ended, where that is known. */
  readonly lastEnd?: string | undefined;
}

/** Decides what to start. */
export async function nextStart(state: SlotsState, conditions: StartConditions): Promise<NextStart> {
  const { trial } = state;
  if (trial === null) return await startConfirmed(state, conditions);
  const why = await reasonAgainstTrial(state, trial, conditions);
  if (why === undefined) {
    return {
      state: { ...state, trial: { ...trial, startsLeft: trial.startsLeft - 1 } },
      target: trial.slot,
    };
  }
  const next = await startConfirmed(reverted(state, why), conditions);
  return { ...next, note: [`the update was reverted: ${why}`, next.note].filter(Boolean).join("; ") };
}

async function reasonAgainstTrial(
  { slots }: SlotsState,
  { slot, startsLeft }: NonNullable<SlotsState["trial"]>,
  { problemOf, lastEnd }: StartConditions,
): Promise<string | undefined> {
  if (slots[slot] === null) return "its slot holds no image";
  if (startsLeft <= 0) {
    const last = lastEnd === undefined ? "" : `; the last one: ${lastEnd}`;
    return `it did not prove its health in ${trialStarts} starts${last}`;
  }
  return await problemOf(slot);
}

/**
 * As `nextStart`, without a trial: also used when a trial's start cannot be counted because the disk fails.
 */
export async function startConfirmed(
  state: SlotsState,
  { problemOf, isFactoryNewer }: StartConditions,
): Promise<NextStart> {
  const { active, slots, counterFloor, failed } = state;
  if (active === null) return { state, target: "factory" };
  const image = slots[active];
  if (image !== null && isFactoryNewer(image)) {
    return { state: { ...state, active: null }, target: "factory", note: "the installed firmware is newer" };
  }
  const problem = image === null ? "it holds no image" : await problemOf(active);
  if (problem === undefined) return { state, target: active };
  const unusable = `slot ${active}: ${problem}`;
  const other = otherSlot(active);
  const spare = slots[other];
  const mayStart = spare !== null && spare.counter >= counterFloor && !failed.includes(spare.digest);
  if (mayStart && (await problemOf(other)) === undefined) {
    return {
      state: { ...state, active: other },
      target: other,
      unusable,
      note: `slot ${active} cannot be used: slot ${other} starts`,
    };
  }
  // The slots stay as they are: a damaged card may become readable again, and the owner sees what they hold.
  return {
    state,
    target: "factory",
    unusable,
    note: "no slot can be used: the firmware of the installation starts",
  };
}
