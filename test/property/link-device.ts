/**
 * The device of the property tests on the genuine link: what it asks for goes through the connection supervisor and
 * Azure's SDK over TLS, and what comes back is what the hub said. Which edits the hub knew when it wrote a document is
 * told by the document itself: each report carries the numbers of its edits, which the oracle sees and the device not.
 */
import { openCloud } from "../../src/azure/azure.ts";
import type { Credentials } from "../../src/azure/credentials/credentials.ts";
import type { CloudLink } from "../../src/azure/link/link.ts";
import type { CloudTuning } from "../../src/azure/link/tuning.ts";
import type { Log } from "../../src/base/log.ts";
import { silentLog } from "../../src/base/log.ts";
import { millis } from "../../src/base/units.ts";
import { systemClock } from "../../src/firmware/process/system-clock.ts";
import { memoryFiles } from "../../src/firmware/storage/durable-files.ts";
import { modelId } from "../../src/model/cloud-model.ts";
import { toldName } from "./link-hub.ts";
import type { Json, Patch, Sent } from "./twin-cloud.ts";
import { type Asked, TwinDevice } from "./twin-device.ts";
import type { Policy } from "./twin-oracle.ts";

/** Short, so that a run takes a second or two; long enough for a machine with thirty of them on it. */
const tuning: Partial<CloudTuning> = {
  connectMs: millis(3000),
  callMs: millis(700),
  closeMs: millis(100),
  keepAliveS: 1,
  floorMs: millis(10),
  capMs: millis(60),
  slowCapMs: millis(100),
  stableMs: millis(30),
  evictedMs: millis(1),
};

export class LinkDevice {
  readonly twin: TwinDevice;
  /** The link is online, as the firmware sees it. */
  online = false;
  onlineSince = systemClock.now();
  /** Documents that have come. */
  documents = 0;
  connections = 0;
  /** Reports that were not answered. */
  unanswered = 0;
  /** The first thing that went against the model; a handler's exception would only be logged. */
  failure: unknown;
  readonly #credentials: Credentials;
  readonly #caPem: string;
  readonly #files = new Map<string, string>();
  readonly #ends: Promise<void>[] = [];
  #link: CloudLink | undefined;
  /** Counts the processes: what an earlier one had under way is nobody's any more. */
  #life = 0;
  #rid = 0;
  #lastPatch: Sent | undefined;

  constructor(policy: Policy, credentials: Credentials, caPem: string) {
    this.twin = new TwinDevice(policy);
    this.#credentials = credentials;
    this.#caPem = caPem;
  }

  /** A process begins. */
  start(): void {
    const life = ++this.#life;
    const mine = (act: () => void) => {
      if (life === this.#life) this.#guarded(act);
    };
    const fault = (event: string, fields?: object) =>
      mine(() => {
        throw new Error(`the log says ${event} ${JSON.stringify(fields)}`);
      });
    const log: Log = { ...silentLog, error: fault };
    this.#link = openCloud({
      credentials: this.#credentials,
      clock: systemClock,
      log,
      dataPath: "/data",
      files: memoryFiles(this.#files),
      modelId,
      caPem: this.#caPem,
      tuning,
      handlers: {
        onTwin: (document) => mine(() => this.#takeTwin(document)),
        onPatch: (patch, version) => mine(() => this.#takePatch(patch as Patch, version)),
        onCommand: async () => ({ status: 200, payload: {} }),
        onLink: (state) => mine(() => this.#onLink(state === "online")),
      },
    });
  }

  /** Something happens at the device. */
  act(happens: (twin: TwinDevice) => void): void {
    this.#guarded(() => happens(this.twin));
  }

  /** The process is gone, and what it had not written; a new one starts. The cable is the caller's to cut. */
  crash(kept: number, wallBack: number): void {
    this.#life++;
    this.#end();
    this.online = false;
    this.act((twin) => twin.crash(kept, wallBack));
    this.start();
  }

  /** The newest patch comes once more. */
  repeatPatch(): void {
    const patch = this.#lastPatch;
    if (patch) this.act((twin) => twin.take(patch));
  }

  async close(): Promise<void> {
    this.#life++;
    this.#end();
    await Promise.all(this.#ends);
  }

  #end(): void {
    if (this.#link) this.#ends.push(this.#link.close());
    this.#link = undefined;
  }

  #onLink(online: boolean): void {
    this.online = online;
    if (online) {
      this.connections++;
      this.onlineSince = systemClock.now();
    } else {
      // As the firmware does: what was learnt on one connection ends with it.
      this.twin.cut();
    }
  }

  #takeTwin(document: unknown): void {
    const { desired, reported } = document as { desired: Patch; reported: Readonly<Record<string, Json>> };
    const { [toldName]: told, ...rest } = reported;
    const knows = new Map(Object.entries((told ?? {}) as Readonly<Record<string, number>>));
    this.documents++;
    if (!this.twin.waiting) {
      // Nobody asked for this one: it is the first of a connection.
      this.twin.connect();
      for (const asked of this.twin.outbox.splice(0)) if (asked.kind === "get") this.#rid = asked.rid;
    }
    const text = JSON.stringify({ desired, reported: rest });
    this.twin.take({ kind: "document", rid: this.#rid, document: text, knows });
  }

  #takePatch(patch: Patch, version: number): void {
    const { $version: _said, ...values } = patch;
    this.#lastPatch = { kind: "patch", patch: values, version };
    this.twin.take(this.#lastPatch);
  }

  #guarded(act: () => void): void {
    try {
      act();
      for (const asked of this.twin.outbox.splice(0)) this.#ask(asked);
    } catch (error) {
      this.failure ??= error;
    }
  }

  #ask(asked: Asked): void {
    if (asked.kind === "get") {
      this.#rid = asked.rid;
      this.#link?.refetchTwin();
      return;
    }
    const life = this.#life;
    const patch = { ...asked.patch, [toldName]: Object.fromEntries(asked.edits) };
    void this.#link?.report(patch).then((result) => {
      if (life !== this.#life) return;
      if (result === "failed") this.unanswered++;
      this.#guarded(() => this.twin.answered(asked.id, result));
    });
  }
}
