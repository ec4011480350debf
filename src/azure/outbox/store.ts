/**
 * The disk under the outbox, as the outbox sees it: numbered texts and one note, changed in atomic steps.
 *
 * Guarantee asked of every store: a `write` that rejects has changed nothing; of one that a kill or a power cut ended a
 * beginning may be there, texts first. Once it has resolved it outlives a kill of the process, and a power cut too when it
 * was asked to be `durable`. Failures reject with an OutboxStoreError; nothing else is thrown.
 */
export interface StoredText {
  /** Counts up by one from 1: a key that nobody removed and that is not there was lost. */
  readonly key: number;
  /** Without a line break. */
  readonly text: string;
}

export interface StoreChange {
  readonly put: readonly StoredText[];
  /** Every key from the one to the other goes, both included; keys that are not there do no harm. */
  readonly remove?: { readonly from: number; readonly through: number } | undefined;
  /** Takes the place of the note. */
  readonly note?: string | undefined;
}

export interface OutboxStore {
  /** The greatest key that is known to have been used, as far as the store remembers it: the next one is greater. */
  readonly lastKey?: number;
  /** Up to `limit` texts with keys from `from` on, in the order of their keys. */
  read(from: number, limit: number): Promise<readonly StoredText[]>;
  readNote(): Promise<string | undefined>;
  write(change: StoreChange, options: { readonly durable: boolean }): Promise<void>;
  /** Never rejects. */
  close(): Promise<void>;
}

/** `corrupt`: repairing may help. `locked`: another process has it. `io`: the disk is full, read-only or ill. */
export type StoreErrorCode = "corrupt" | "locked" | "io";

export class OutboxStoreError extends Error {
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "OutboxStoreError";
    this.code = code;
  }
}

/** How much may be risked to get a store that works: what `set-aside` moves away is sent no more. */
export type MendEffort = "none" | "repair" | "set-aside";

export interface OpenedStore {
  readonly store: OutboxStore;
  /** What had to be done; `keptAs` names the folder that a person may look at. */
  readonly repaired?:
    | {
        readonly by: Exclude<MendEffort, "none"> | "former-store-removed";
        readonly keptAs?: string | undefined;
        /** Messages that are known to be lost. */
        readonly lost: number;
      }
    | undefined;
}

/** May do more than it was asked to when opening alone shows that it is needed. */
export type OpenStore = (effort: MendEffort) => Promise<OpenedStore>;
