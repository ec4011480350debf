/**
 * The local hub as the property tests on the real link use it: many devices on it at once, edits from its own side, and
 * restarts at any moment, over which nothing that it had accepted may be lost.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Credentials } from "../../src/azure/credentials/credentials.ts";
import { Secret } from "../../src/azure/credentials/secret.ts";
import { silentLog } from "../../src/base/log.ts";
import { systemClock } from "../../src/firmware/process/system-clock.ts";
import { type RunningHub, startHub } from "../../src/hub/hub.ts";
import type { HubCore } from "../../src/hub/hub-core.ts";
import { Cable } from "../azure/link/cable.ts";
import type { Json, Patch } from "./twin-cloud.ts";
import type { Documents } from "./twin-rest.ts";

/** A name of ours in the reported document; the device never sees it. */
export const toldName = "told";

export class LinkHub {
  readonly #folder: string;
  #hub: RunningHub;
  #ready: Promise<void> = Promise.resolve();
  readonly #works = new Set<Promise<unknown>>();
  restarts = 0;

  private constructor(folder: string, hub: RunningHub) {
    this.#folder = folder;
    this.#hub = hub;
  }

  static async open(): Promise<LinkHub> {
    const folder = await mkdtemp(join(tmpdir(), "link-hub-"));
    return new LinkHub(folder, await start(folder, 0));
  }

  get core(): HubCore {
    return this.#hub.core;
  }
  get caPem(): string {
    return this.#hub.caPem;
  }

  /** A new device at the end of a cable of its own. */
  async enrol(id: string): Promise<{ readonly credentials: Credentials; readonly cable: Cable }> {
    const { symmetricKey } = await this.#whileUp(() => this.#hub.enrolDevice(id));
    const cable = await Cable.to(this.#hub.addresses.mqttPort);
    const target = { kind: "hub", host: `localhost:${cable.port}`, deviceId: id } as const;
    return { cable, credentials: { target, proof: { kind: "key", key: new Secret(symmetricKey) } } };
  }

  async forget(id: string): Promise<void> {
    await this.#whileUp(() => this.core.operations.removeDevice(id));
  }

  /** An operator's edit; one that the hub refuses changes nothing. Resolves when it is saved and pushed. */
  edit(id: string, desired: Patch): Promise<unknown> {
    return this.#whileUp(() => this.core.twins.edit(id, { desired }));
  }

  /** What it holds of a device now. */
  documents(id: string): Documents & { readonly version: number; readonly reportedVersion: number } {
    const record = this.core.devices.get(id);
    if (record === undefined) throw new Error(`the hub has lost ${id}`);
    const { desired, reported } = record;
    const { [toldName]: _told, ...told } = reported.properties as Record<string, Json>;
    const touched = Object.entries(desired.metadata).map(([name, stamp]): [string, number] => [
      name,
      typeof stamp === "object" ? Number((stamp as Record<string, unknown>)["$lastUpdatedVersion"]) : 0,
    ]);
    return {
      desired: desired.properties as Record<string, Json>,
      reported: told,
      touched: new Map(touched),
      version: desired.version,
      reportedVersion: reported.version,
    };
  }

  /** Ends every connection, and comes back with what it has kept. */
  async restart(): Promise<void> {
    await this.#ready;
    const { mqttPort } = this.#hub.addresses;
    this.#ready = (async () => {
      await Promise.allSettled(this.#works);
      await this.#hub.close();
      this.#hub = await start(this.#folder, mqttPort);
      this.restarts += 1;
    })();
    await this.#ready;
  }

  /** A restart waits for what has begun, and what has not waits for it. */
  #whileUp<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#ready.then(work);
    this.#works.add(done);
    return done.finally(() => this.#works.delete(done));
  }

  async close(): Promise<void> {
    await this.#ready;
    await this.#hub.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

const start = (dataPath: string, mqttPort: number): Promise<RunningHub> =>
  startHub({ clock: systemClock, log: silentLog, dataPath, mqttPort, restPort: 0, pagePort: 0 });
