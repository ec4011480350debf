/**
 * Stores the updater's record on the disk.
 *
 * Guarantee: a power cut at any operation leaves the old or the new record; `change` resolves when the new one is on the
 * disk, and changes happen one after the other. A damaged record counts as empty: the slots know what runs.
 */
import { join } from "node:path";
import { readChecked } from "../../base/files/checked-text.ts";
import { SmallFileError } from "../../base/files/small-file.ts";
import { readText } from "../../base/schema/schema.ts";
import type { SlotFiles } from "../slots/slot-files.ts";
import { replaceChecked } from "../slots/whole-file.ts";
import { noRecord, type UpdateRecord, updateRecord } from "./record.ts";

const maxBytes = 64 * 1024;

export class RecordFile {
  readonly #files: SlotFiles;
  readonly #folder: string;
  readonly #path: string;
  #now: UpdateRecord;
  #last: Promise<unknown> = Promise.resolve();

  /** @param folder created if it is missing; the record is `update.json` in it */
  constructor(files: SlotFiles, folder: string) {
    this.#files = files;
    this.#folder = folder;
    this.#path = join(folder, "update.json");
    this.#now = this.#read();
  }

  get now(): UpdateRecord {
    return this.#now;
  }

  /** Rejects with the disk's error: nothing has changed then. */
  change(to: (record: UpdateRecord) => UpdateRecord): Promise<void> {
    const turn = this.#last.then(async () => {
      const next = to(this.#now);
      if (next === this.#now) return;
      await this.#write(next);
      this.#now = next;
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  #read(): UpdateRecord {
    try {
      const checked = readChecked(this.#files.read(this.#path, maxBytes)?.toString("utf8") ?? "");
      return (checked?.checked && readText(updateRecord, checked.text)) || noRecord;
    } catch (error) {
      if (error instanceof SmallFileError) return noRecord;
      throw error;
    }
  }

  async #write(record: UpdateRecord): Promise<void> {
    await this.#files.makeFolder(this.#folder);
    await replaceChecked(this.#files, this.#path, record);
  }
}
