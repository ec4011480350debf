/** A hub, a cable, and a device's link, for one test; the system's clock, with short times. */

import { openCloud } from "../../src/azure/azure.ts";
import type { Credentials } from "../../src/azure/credentials/credentials.ts";
import { Secret } from "../../src/azure/credentials/secret.ts";
import type { CauseCode, LinkCause } from "../../src/azure/link/cause.ts";
import type { CloudLink, CloudOptions, CommandReply, TelemetryMessage } from "../../src/azure/link/link.ts";
import type { CloudTuning } from "../../src/azure/link/tuning.ts";
import type { Log } from "../../src/base/log.ts";
import { millis, wallMillis } from "../../src/base/units.ts";
import type { LinkState } from "../../src/control/input.ts";
import { systemClock } from "../../src/firmware/process/system-clock.ts";
import { memoryFiles } from "../../src/firmware/storage/durable-files.ts";
import { FakeHub } from "./fake-hub.ts";
import { Cable } from "./link/cable.ts";
import { type Authority, makeAuthority, type Pair } from "./link/certificates.ts";

export const deviceKey = "Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc=";

export const quick: Partial<CloudTuning> = {
  connectMs: millis(2000),
  provisionMs: millis(3000),
  callMs: millis(400),
  commandMs: millis(300),
  closeMs: millis(200),
  keepAliveS: 1,
  floorMs: millis(20),
  capMs: millis(80),
  slowCapMs: millis(300),
  stableMs: millis(200),
  evictedMs: millis(200),
};

let shared: Promise<{ authority: Authority; pair: Pair }> | undefined;
/** Keys are slow to make: once for all tests of a file. */
export const certificates = () => {
  shared ??= (async () => {
    const authority = await makeAuthority();
    return { authority, pair: await authority.issue("localhost") };
  })();
  return shared;
};

export class Recorder {
  readonly twins: unknown[] = [];
  readonly patches: { patch: unknown; version: number }[] = [];
  readonly commands: { name: string; parameter: number | undefined }[] = [];
  readonly links: { state: LinkState; code: CauseCode | undefined; text: string }[] = [];
  readonly lines: string[] = [];
  onCommand = async (): Promise<CommandReply> => ({ status: 200, payload: { done: true } });

  readonly handlers = {
    onTwin: (document: unknown) => void this.twins.push(document),
    onPatch: (patch: unknown, version: number) => void this.patches.push({ patch, version }),
    onCommand: (name: string, parameter: number | undefined) => {
      this.commands.push({ name, parameter });
      return this.onCommand();
    },
    onLink: (state: LinkState, why?: LinkCause) =>
      void this.links.push({ state, code: why?.code, text: why?.text ?? "" }),
  };

  readonly log: Log = Object.fromEntries(
    (["debug", "info", "warn", "error"] as const).map((level) => [
      level,
      (event: string, fields?: object) =>
        this.lines.push(`${level} ${event} ${JSON.stringify(fields ?? {})}`),
    ]),
  ) as unknown as Log;

  get online(): number {
    return this.links.filter(({ state }) => state === "online").length;
  }
  get cause(): CauseCode | undefined {
    return this.links.at(-1)?.code;
  }
}

export class Rig {
  readonly hub: FakeHub;
  readonly cable: Cable;
  readonly caPem: string;
  readonly seen = new Recorder();
  readonly files = new Map<string, string>();
  readonly #links: CloudLink[] = [];

  private constructor(hub: FakeHub, cable: Cable, caPem: string) {
    this.hub = hub;
    this.cable = cable;
    this.caPem = caPem;
  }

  static async make(pair?: Pair): Promise<Rig> {
    const made = await certificates();
    const hub = await FakeHub.start(made.authority, pair ?? made.pair);
    const cable = await Cable.to(hub.port);
    hub.assignedHub = `localhost:${cable.port}`;
    return new Rig(hub, cable, made.authority.cert);
  }

  get dps(): Credentials {
    return {
      target: {
        kind: "dps",
        endpoint: `localhost:${this.cable.port}`,
        idScope: "0ne00000001",
        registrationId: "dev-1",
      },
      proof: { kind: "key", key: new Secret(deviceKey) },
    };
  }
  get direct(): Credentials {
    return {
      target: { kind: "hub", host: `localhost:${this.cable.port}`, deviceId: "dev-1" },
      proof: { kind: "key", key: new Secret(deviceKey) },
    };
  }

  open(options: Partial<CloudOptions> = {}, seen = this.seen): CloudLink {
    const link = openCloud({
      credentials: this.dps,
      clock: systemClock,
      log: seen.log,
      dataPath: "/data",
      files: memoryFiles(this.files),
      handlers: seen.handlers,
      modelId: "dtmi:groveHeater:heater;1",
      caPem: this.caPem,
      ...options,
      tuning: { ...quick, ...options.tuning },
    });
    this.#links.push(link);
    return link;
  }

  async end(): Promise<void> {
    await Promise.all(this.#links.map((link) => link.close()));
    await this.cable.stop();
    await this.hub.stop();
  }
}

export const message = (id: string): TelemetryMessage => ({
  messageId: id,
  body: JSON.stringify({ temperature: 20.5 }),
  createdMs: wallMillis(1_790_000_000_000),
});

/** Waits, by looking, until `condition` holds. @throws when it does not within `limit` ms, which a loaded machine keeps too */
export async function until(condition: () => boolean, what: string, limit = 15_000): Promise<void> {
  const end = systemClock.now() + limit;
  while (!condition()) {
    if (systemClock.now() > end) throw new Error(`waited in vain for: ${what}`);
    await systemClock.sleep(millis(2));
  }
}
