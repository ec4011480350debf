/**
 * Folder registry/: the registered devices, their credentials, and queries.
 *
 * The devices in memory, and stored as documents.
 *
 * Guarantee: a change is visible at once and on the disk when its promise resolves. A change is sent to the device only
 * after that, so a power cut never reverts a version that a device has received.
 */
import { reasonOf } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { read } from "../../base/schema/schema.ts";
import type { Documents } from "../storage/documents.ts";
import { type DeviceRecord, storedDevice } from "./record.ts";

/** IoT Hub's limit is a million. */
export const maxDevices = 10_000;

const prefix = "device-";

/** Checks that the record belongs to the name. Shortened long names contain a tilde. */
function deviceOf(name: string, document: unknown): DeviceRecord | undefined {
  const record = read(storedDevice, document);
  return record !== undefined && (name === prefix + record.id || name.includes("~")) ? record : undefined;
}

export class Devices {
  readonly #documents: Documents;
  readonly #log: Log;
  readonly #records: Map<string, DeviceRecord>;
  readonly #saving = new Map<string, Promise<void>>();

  private constructor(documents: Documents, log: Log, records: Map<string, DeviceRecord>) {
    this.#documents = documents;
    this.#log = log;
    this.#records = records;
  }

  static async open(documents: Documents, log: Log): Promise<Devices> {
    const records = new Map<string, DeviceRecord>();
    for (const name of await documents.names(prefix)) {
      const record = await documents.read(name, (document) => deviceOf(name, document));
      if (record === undefined) log.error("hub-device-unreadable", { name });
      else records.set(record.id, record);
    }
    return new Devices(documents, log, records);
  }

  get size(): number {
    return this.#records.size;
  }

  get(id: string): DeviceRecord | undefined {
    return this.#records.get(id);
  }

  /** Sorted by id. */
  all(): DeviceRecord[] {
    return [...this.#records.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** Resolves when it is on the disk; rejects when writing fails. */
  put(record: DeviceRecord): Promise<void> {
    this.#records.set(record.id, record);
    return this.#save(record.id, this.#documents.write(prefix + record.id, record));
  }

  /** Changes a device, if it exists. */
  async change(id: string, change: (record: DeviceRecord) => DeviceRecord): Promise<void> {
    const record = this.#records.get(id);
    if (record !== undefined) await this.put(change(record));
  }

  /** For what may be lost in a power cut: the next `put` of the device stores it. */
  changeInMemory(id: string, change: (record: DeviceRecord) => DeviceRecord): void {
    const record = this.#records.get(id);
    if (record !== undefined) this.#records.set(id, change(record));
  }

  remove(id: string): Promise<void> {
    this.#records.delete(id);
    return this.#save(id, this.#documents.remove(prefix + id));
  }

  /** Resolves when every change of the device up to now is on the disk. */
  async settled(id: string): Promise<void> {
    await this.#saving.get(id);
  }

  #save(id: string, saved: Promise<void>): Promise<void> {
    this.#saving.set(id, saved);
    const done = () => {
      if (this.#saving.get(id) === saved) this.#saving.delete(id);
    };
    saved.then(done, (error: unknown) => {
      done();
      this.#log.error("hub-not-saved", { device: id, reason: reasonOf(error) });
    });
    return saved;
  }
}
