/** A small disk, a hub that counts, and an outbox between them, in virtual time. */

import { Outbox, type OutboxLimits, type OutboxMessage } from "../../../src/azure/outbox/outbox.ts";
import type {
  OpenStore,
  OutboxStore,
  OutboxStoreError,
  RepairEffort,
  StoreChange,
} from "../../../src/azure/outbox/store.ts";
import { type LogFields, silentLog } from "../../../src/base/log.ts";
import { type Millis, millis, wallMillis } from "../../../src/base/units.ts";
import type { TelemetryValues } from "../../../src/model/cloud-model.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";

interface Content {
  readonly texts: ReadonlyMap<number, string>;
  readonly note: string | undefined;
  /** The greatest key ever used. */
  readonly lastKey: number;
}

/** Keeps what was written over crashes; what was not synced may go with the power, the newest first. */
export class FakeDisk {
  content: Content = { texts: new Map(), note: undefined, lastKey: 0 };
  #synced: Content = this.content;
  #unsynced: Content[] = [];
  #power = 0;
  readonly #clock: VirtualClock;
  /** `undefined`: no time at all. */
  latency: Millis | undefined = millis(5);
  /** What every operation comes to. */
  failure: OutboxStoreError | undefined;
  hangs = false;
  syncs = 0;
  readonly efforts: RepairEffort[] = [];

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  readonly open: OpenStore = async (effort) => {
    this.efforts.push(effort);
    const power = this.#power;
    await this.#busy(power);
    const store: OutboxStore = {
      lastKey: this.content.lastKey,
      read: async (from, limit) => {
        await this.#busy(power);
        const keys = [...this.content.texts.keys()].filter((key) => key >= from).sort((a, b) => a - b);
        return keys.slice(0, limit).map((key) => ({ key, text: this.content.texts.get(key) ?? "" }));
      },
      readNote: async () => {
        await this.#busy(power);
        return this.content.note;
      },
      write: async (change, { durable }) => {
        await this.#busy(power);
        this.#apply(change);
        if (durable) this.#sync();
        await this.#busy(power);
      },
      close: async () => {},
    };
    return { store };
  };

  /** Every process that had it open is gone. With `keep` of 0…1 of what was not synced. */
  crash(keep: number): void {
    this.#power += 1;
    const steps = this.#unsynced.length;
    const kept = Math.min(steps, Math.floor(keep * (steps + 1))) - 1;
    this.content = this.#unsynced[kept] ?? this.#synced;
    this.#sync();
  }

  /** A bit turns in the text with this key. */
  damage(key: number): void {
    const texts = new Map(this.content.texts);
    texts.set(key, texts.get(key)?.replace(/.$/, "?") ?? "");
    this.content = { ...this.content, texts };
    this.#sync();
  }

  async #busy(power: number): Promise<void> {
    if (this.latency !== undefined) await this.#clock.sleep(this.latency);
    if (power !== this.#power || this.hangs) await new Promise(() => {});
    if (this.failure) throw this.failure;
  }

  #apply({ put, remove, note }: StoreChange): void {
    const texts = new Map(this.content.texts);
    for (const { key, text } of put) texts.set(key, text);
    if (remove) for (let key = remove.from; key <= remove.through; key += 1) texts.delete(key);
    const lastKey = Math.max(this.content.lastKey, ...put.map(({ key }) => key));
    this.content = { texts, note: note ?? this.content.note, lastKey };
    this.#unsynced.push(this.content);
  }

  #sync(): void {
    this.syncs += 1;
    this.#synced = this.content;
    this.#unsynced = [];
  }
}

/** Takes messages after a round trip, unless it is told otherwise. */
export class FakeHub {
  readonly received: OutboxMessage[] = [];
  readonly times: number[] = [];
  /** When something was sent, whatever became of it. */
  readonly attempts: number[] = [];
  readonly #clock: VirtualClock;
  roundTrip: Millis = millis(40);
  /** `lost`: it arrives, the acknowledgement does not. `silent`: no answer ever. */
  answer: "ok" | "failed" | "lost" | "silent" | "throws" = "ok";

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  readonly send = async (message: OutboxMessage): Promise<"ok" | "failed"> => {
    const { answer } = this;
    this.attempts.push(this.#clock.now());
    if (answer === "throws") throw new Error("a bug in the link");
    await this.#clock.sleep(this.roundTrip);
    if (answer === "silent") return new Promise(() => {});
    if (answer !== "failed") {
      this.received.push(message);
      this.times.push(this.#clock.now());
    }
    return answer === "ok" ? "ok" : "failed";
  };

  /** Set-points of the messages, in the order in which each arrived first: the tests number them by these. */
  get firsts(): number[] {
    const ids = new Set<string>();
    const fresh = this.received.filter(({ messageId }) => !ids.has(messageId) && ids.add(messageId));
    return fresh.map(({ body }) => (JSON.parse(body) as TelemetryValues).setPoint ?? Number.NaN);
  }
}

export class OutboxRig {
  readonly clock: VirtualClock;
  readonly disk: FakeDisk;
  readonly hub: FakeHub;
  readonly log: { event: string; fields: LogFields | undefined }[] = [];
  outbox: Outbox;
  boot = { id: "boot-1", clockZeroMs: millis(0) };
  #runs = 0;
  readonly #limits: Partial<OutboxLimits> | undefined;

  constructor(limits?: Partial<OutboxLimits>, clock = new VirtualClock()) {
    this.clock = clock;
    this.disk = new FakeDisk(clock);
    this.hub = new FakeHub(clock);
    // Written within a second: what a crash does is looked at closely. The waits of the device have tests of their own.
    this.#limits = { ackWaitMs: 0, batchEveryMs: 1000, ...limits };
    this.outbox = this.#open();
  }

  /** The process is gone without a word, and a new one starts. */
  crash(keep = 1): void {
    this.outbox.abandon();
    this.disk.crash(keep);
    this.outbox = this.#open();
  }

  async restart(): Promise<void> {
    await this.clock.run(this.outbox.close());
    this.outbox = this.#open();
  }

  appendUrgent(number: number): void {
    this.outbox.append({ setPoint: number }, true);
  }

  append(...numbers: number[]): void {
    for (const number of numbers) this.outbox.append({ setPoint: number });
  }

  advance(seconds: number): Promise<void> {
    return this.clock.advance(millis(seconds * 1000));
  }

  events(name: string): (LogFields | undefined)[] {
    return this.log.filter(({ event }) => event === name).map(({ fields }) => fields);
  }

  #open(): Outbox {
    this.#runs += 1;
    const write = (event: string, fields?: LogFields) => this.log.push({ event, fields });
    return Outbox.open({
      openStore: this.disk.open,
      clock: this.clock,
      log: { ...silentLog, info: write, warn: write },
      boot: this.boot,
      runId: `run${this.#runs}`,
      clockFloorMs: wallMillis(Date.UTC(2025, 0)),
      send: this.hub.send,
      limits: this.#limits,
    });
  }
}

export const range = (from: number, through: number): number[] =>
  Array.from({ length: through - from + 1 }, (_, n) => from + n);
