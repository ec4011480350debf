/** A device that sends readings without end, through outbox, supervisor and SDK, and whose cable is cut again and again. */
import fc from "fast-check";
import { type CloudLink, openCloud } from "../../../src/azure/azure.ts";
import { type CloudTuning, localHubTuning } from "../../../src/azure/link/tuning.ts";
import { Outbox } from "../../../src/azure/outbox/outbox.ts";
import { segmentStore } from "../../../src/azure/outbox/segments/store.ts";
import { type Log, silentLog } from "../../../src/base/log.ts";
import { type Millis, millis, wallMillis } from "../../../src/base/units.ts";
import { systemClock } from "../../../src/firmware/process/system-clock.ts";
import { memoryFiles } from "../../../src/firmware/storage/durable-files.ts";
import { modelId } from "../../../src/model/cloud-model.ts";
import type { LinkHub } from "../../property/link-hub.ts";
import { until } from "../rig.ts";
import type { Cable } from "./cable.ts";

export interface Cut {
  readonly kind: "close" | "reset" | "silence";
  /** Telemetry flows for so long first. */
  readonly afterMs: number;
  /** How long the cable stays out; 0: it is fixed in the same moment. A silence lasts until it is noticed, and on. */
  readonly outMs: number;
  /** For so long before, what the hub says is lost: it has the readings, the device does not know. */
  readonly deafMs: number;
}

export interface Recovery {
  readonly cut: Cut;
  /** From the link's return to the first reading that the hub acknowledged. */
  readonly ms: number;
}

export const cut: fc.Arbitrary<Cut> = fc.record({
  kind: fc.constantFrom("close", "reset", "silence"),
  afterMs: fc.integer({ min: 60, max: 400 }),
  outMs: fc.oneof(
    { weight: 1, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 1500 }) },
  ),
  deafMs: fc.oneof(
    { weight: 2, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 30 }) },
  ),
});

/** As shipped for a hub near by, but for the times that the test would have to sit out. */
const tuning: Partial<CloudTuning> = {
  ...localHubTuning,
  callMs: millis(500),
  closeMs: millis(300),
  keepAliveS: 1,
  stableMs: millis(50),
  evictedMs: millis(1),
};
const readEvery = millis(25);

export class CutDevice {
  /** From the start to the first reading that the hub acknowledged, with no pause before: what a connection takes here. */
  firstMs = Number.NaN;
  /** Readings, numbered from 1 by their set-points. */
  appended = 0;
  /** Numbers of the readings that the hub has, in the order of their arrival. */
  readonly received: number[] = [];
  readonly #hub: LinkHub;
  readonly #id: string;
  readonly #cable: Cable;
  readonly #outbox: Outbox;
  readonly #link: CloudLink;
  readonly #stopListening: () => void;
  readonly #errors: string[] = [];
  #stopReading = () => {};
  #online = false;
  /** When the hub last acknowledged a reading. */
  #acknowledgedAt: Millis = millis(0);

  private constructor(
    hub: LinkHub,
    id: string,
    folder: string,
    { cable, credentials }: Awaited<ReturnType<LinkHub["enrol"]>>,
  ) {
    this.#hub = hub;
    this.#id = id;
    this.#cable = cable;
    const log: Log = { ...silentLog, error: (event) => this.#errors.push(event) };
    const clock = systemClock;
    this.#outbox = Outbox.open({
      openStore: segmentStore(folder, () => clock.wallNow()),
      clock,
      log,
      boot: { id: "boot", clockZeroMs: millis(0) },
      runId: "run",
      clockFloorMs: wallMillis(0),
      send: (message) => this.#send(message),
      // Azure's pace would leave most cuts between two messages.
      limits: { perSecond: 500, burst: 20 },
    });
    this.#link = openCloud({
      credentials,
      clock,
      log,
      dataPath: "/data",
      files: memoryFiles(),
      modelId,
      caPem: hub.caPem,
      tuning,
      handlers: {
        onTwin: () => {},
        onPatch: () => {},
        onCommand: async () => ({ status: 200, payload: {} }),
        onLink: (state) => {
          this.#online = state === "online";
          this.#outbox.setOnline(this.#online);
        },
      },
    });
    this.#stopListening = hub.core.feed.listen((event) => {
      if (event.type === "telemetry" && event.deviceId === id) {
        this.received.push(Number(event.values["setPoint"]));
      }
    });
    this.#read();
  }

  static async start(hub: LinkHub, id: string, folder: string): Promise<CutDevice> {
    const access = await hub.enrol(id);
    const began = systemClock.now();
    const device = new CutDevice(hub, id, folder, access);
    await device.#flows();
    device.firstMs = systemClock.now() - began;
    return device;
  }

  async suffer(cut: Cut): Promise<Recovery> {
    await systemClock.sleep(millis(cut.afterMs));
    this.#cable.loseAnswers(cut.deafMs > 0);
    await systemClock.sleep(millis(cut.deafMs));
    const returned = await this.#cut(cut);
    await until(() => this.#acknowledgedAt > returned, `a reading after ${JSON.stringify(cut)}`, 20_000);
    return { cut, ms: this.#acknowledgedAt - returned };
  }

  /** No more readings; resolves when the hub has all of them. */
  async finish(): Promise<void> {
    this.#stopReading();
    await until(() => this.#outbox.status.waiting === 0, "the outbox to be empty", 60_000);
    const { dropped, failure } = this.#outbox.status;
    if (dropped > 0 || failure !== undefined) throw new Error(`outbox: ${dropped} dropped, ${failure}`);
    if (this.#errors.length > 0) throw new Error(`errors in the log: ${this.#errors.join(", ")}`);
  }

  async close(): Promise<void> {
    this.#stopReading();
    this.#stopListening();
    await Promise.all([this.#link.close(), this.#outbox.close()]);
    await this.#cable.stop();
  }

  /** @returns when the link returned */
  async #cut({ kind, outMs }: Cut): Promise<Millis> {
    const { core } = this.#hub;
    if (outMs > 0 || kind === "silence") core.operations.setCable(this.#id, kind);
    if (kind === "close") this.#cable.closeAll();
    else if (kind === "reset") this.#cable.resetAll();
    await until(() => !this.#online, `the ${kind} to be noticed`);
    this.#cable.loseAnswers(false);
    await systemClock.sleep(millis(outMs));
    const returned = systemClock.now();
    core.operations.setCable(this.#id, "connected");
    return returned;
  }

  #flows(): Promise<void> {
    return until(() => this.#acknowledgedAt > 0, "the first reading", 20_000);
  }

  #read(): void {
    this.#stopReading = systemClock.setTimer(readEvery, () => this.#read());
    this.#outbox.append({ setPoint: ++this.appended });
  }

  async #send(message: { messageId: string; body: string }): Promise<"ok" | "failed"> {
    const outcome = await this.#link.send({ ...message, createdMs: systemClock.wallNow() });
    if (outcome === "ok") this.#acknowledgedAt = systemClock.now();
    return outcome;
  }
}
