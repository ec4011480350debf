/**
 * The interface of the outbox's store: numbered texts and one note, changed in atomic steps.
 *
 * Every store must guarantee: a rejected `write` has changed nothing; a `write` that a kill or a power cut
 * interrupts may leave its first part, texts first; a resolved `write` survives a kill, and with `durable`
 * also a power cut. All errors are OutboxStoreErrors.
 */
export interface StoredText {
  /** Counts up from 1, so that a missing key that was not removed means a lost text. */
  readonly key: number;
  /** Without a line break. */
  readonly text: string;
}

export interface StoreChange {
  readonly put: readonly StoredText[];
  /** Range of keys to remove, both included; missing keys are ignored. */
  readonly remove?: { readonly from: number; readonly through: number } | undefined;
  /** Replaces the note. */
  readonly note?: string | undefined;
}

export interface OutboxStore {
  /** The greatest key used so far, if the store knows it. */
  readonly lastKey?: number;
  /** Up to `limit` texts with keys from `from` on, in the order of their keys. */
  read(from: number, limit: number): Promise<readonly StoredText[]>;
  readNote(): Promise<string | undefined>;
  write(change: StoreChange, options: { readonly durable: boolean }): Promise<void>;
  /** Never rejects. */
  close(): Promise<void>;
}

/** `corrupt`: a repair may help. `locked`: another process uses it. `io`: the disk is full, read-only or defective. */
export type StoreErrorCode = "corrupt" | "locked" | "io";

export class OutboxStoreError extends Error {
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "OutboxStoreError";
    this.code = code;
  }
}

/** How far a repair may go: messages moved away by `set-aside` are never sent. */
export type RepairEffort = "none" | "repair" | "set-aside";

export interface OpenedStore {
  readonly store: OutboxStore;
  /** What was repaired; `keptAs`: the folder with the old files. */
  readonly repaired?:
    | {
        readonly by: Exclude<RepairEffort, "none"> | "former-store-removed";
        readonly keptAs?: string | undefined;
        /** Number of messages known to be lost. */
        readonly lost: number;
      }
    | undefined;
}

/** May repair more than `effort` asks for, if that proves necessary to open the store. */
export type OpenStore = (effort: RepairEffort) => Promise<OpenedStore>;
