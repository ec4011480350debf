/** Whatever can happen between a device and its twin on the genuine link, as generated actions in real time. */
import fc from "fast-check";
import { type Millis, millis } from "../../src/base/units.ts";
import { fingerprint } from "../../src/control/twin/values.ts";
import { systemClock } from "../../src/firmware/process/system-clock.ts";
import type { Cable } from "../azure/link/cable.ts";
import { LinkDevice } from "./link-device.ts";
import type { LinkHub } from "./link-hub.ts";
import type { Patch } from "./twin-cloud.ts";
import type { Name, Policy } from "./twin-oracle.ts";
import { checkAtRest } from "./twin-rest.ts";
import { type Edit, edit, patch } from "./twin-world.ts";

export type LinkAction =
  | Edit
  /** The cable is out until it is plugged in again: FIN, RST, or not a word. */
  | { readonly kind: "pull"; readonly how: "close" | "reset" | "silence" }
  | { readonly kind: "plug" }
  /** The cable is cut and fixed in the same moment. */
  | { readonly kind: "blip"; readonly how: "close" | "reset" }
  | { readonly kind: "pause"; readonly ms: number }
  /** Until nothing is under way any more, if the cable is in. */
  | { readonly kind: "flow" }
  /** The hub takes what the device says, and no answer arrives; in the end the connection is reset. */
  | { readonly kind: "lose-answers"; readonly ms: number }
  | { readonly kind: "repeat" }
  | { readonly kind: "get" }
  /** The twin is asked for, and changes meanwhile. */
  | { readonly kind: "race"; readonly patch: Patch }
  /** The hub answers twin requests so until `well`; 0: not at all. */
  | { readonly kind: "refuse"; readonly status: number }
  | { readonly kind: "well" }
  | { readonly kind: "disk"; readonly slow: boolean }
  /** `power`: the hub does not hear of it. */
  | {
      readonly kind: "crash";
      readonly kept: number;
      readonly wallBack: number;
      readonly how: "exit" | "power";
    };

const is = <K extends LinkAction["kind"]>(kind: K) => fc.constant(kind);
const ms = fc.integer({ min: 0, max: 40 });
export const linkAction: fc.Arbitrary<LinkAction> = fc.oneof(
  { weight: 16, arbitrary: edit },
  {
    weight: 4,
    arbitrary: fc.record({ kind: is("pull"), how: fc.constantFrom("close", "reset", "silence") }),
  },
  { weight: 6, arbitrary: fc.record({ kind: is("plug") }) },
  { weight: 2, arbitrary: fc.record({ kind: is("blip"), how: fc.constantFrom("close", "reset") }) },
  { weight: 12, arbitrary: fc.record({ kind: is("pause"), ms }) },
  { weight: 6, arbitrary: fc.record({ kind: is("flow") }) },
  { weight: 2, arbitrary: fc.record({ kind: is("lose-answers"), ms }) },
  { weight: 1, arbitrary: fc.record({ kind: is("repeat") }) },
  { weight: 1, arbitrary: fc.record({ kind: is("get") }) },
  { weight: 1, arbitrary: fc.record({ kind: is("race"), patch }) },
  { weight: 1, arbitrary: fc.record({ kind: is("refuse"), status: fc.constantFrom(0, 429, 500) }) },
  { weight: 2, arbitrary: fc.record({ kind: is("well") }) },
  { weight: 2, arbitrary: fc.record({ kind: is("disk"), slow: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: is("crash"),
      kept: fc.nat({ max: 3 }),
      wallBack: fc.constantFrom(0, 0, 5000, 86_400_000),
      how: fc.constantFrom("exit", "power"),
    }),
  },
);

/** A machine with thirty of them on it may take its time; an honest exchange takes a tenth of a second. */
const patience = 30_000;
/** Of that on one connection: a fresh one heals all, so a restart of the hub would hide what was lost on the old one. */
const stuckAfter = 5000;
/** A quiet link is watched for so long. */
const quietMs = millis(60);

export class LinkWorld {
  readonly device: LinkDevice;
  readonly #played: Record<string, number> = {};
  readonly #hub: LinkHub;
  readonly #id: string;
  readonly #cable: Cable;
  readonly #edits: Promise<unknown>[] = [];

  private constructor(hub: LinkHub, id: string, cable: Cable, device: LinkDevice) {
    this.#hub = hub;
    this.#id = id;
    this.#cable = cable;
    this.device = device;
  }

  static async make(hub: LinkHub, id: string, chosen: Policy): Promise<LinkWorld> {
    const { credentials, cable } = await hub.enrol(id);
    const device = new LinkDevice(chosen, credentials, hub.caPem);
    device.start();
    return new LinkWorld(hub, id, cable, device);
  }

  /** What has happened, by its name. */
  get counts(): Readonly<Record<string, number>> {
    const { twin, connections, unanswered } = this.device;
    const { conflicts, repeats, refusals } = twin.oracle;
    const { reports } = twin;
    const { device, press, cloud, again, ...troubles } = this.#played;
    const edits = (device ?? 0) + (press ?? 0) + (cloud ?? 0) + (again ?? 0);
    const outcome = { conflicts, repeats, refusals, reports, "reports unanswered": unanswered };
    return { runs: 1, connections, edits, ...outcome, ...troubles };
  }

  async play(action: LinkAction): Promise<void> {
    const what = "how" in action ? `${action.kind} (${action.how})` : action.kind;
    this.#played[what] = (this.#played[what] ?? 0) + 1;
    await this.#play(action);
    if (this.device.failure !== undefined) throw this.device.failure;
  }

  #play(action: LinkAction): void | Promise<void> {
    const { device } = this;
    const { core } = this.#hub;
    switch (action.kind) {
      case "device":
        return device.act((twin) => twin.edit(action.name, action.value));
      case "press":
        return device.act((twin) => twin.press(action.button));
      case "cloud":
        return this.#write(action.patch);
      case "again":
        return this.#again(action.name);
      case "get":
        return device.act((twin) => twin.get());
      case "race":
        device.act((twin) => twin.get());
        return this.#write(action.patch);
      case "repeat":
        return device.repeatPatch();
      case "disk":
        return device.act((twin) => twin.disk(action.slow));
      case "crash":
        return this.#crash(action);
      case "pull":
        return core.setCable(this.#id, action.how);
      case "plug":
        return core.setCable(this.#id, "connected");
      case "blip":
        return action.how === "close" ? this.#cable.closeAll() : this.#cable.resetAll();
      case "pause":
        return systemClock.sleep(millis(action.ms));
      case "flow":
        return this.#flow();
      case "lose-answers":
        return this.#loseAnswers(millis(action.ms));
      case "refuse": {
        const { status } = action;
        return core.faults.setTwinFault(this.#id, status === 0 ? "nothing" : { status, body: "" });
      }
      case "well":
        return core.faults.setTwinFault(this.#id, undefined);
    }
  }

  #write(edited: Patch): void {
    this.#edits.push(this.#hub.edit(this.#id, edited));
  }

  #again(name: Name): void {
    const wanted = this.#hub.documents(this.#id).desired[name];
    if (wanted !== undefined) this.#write({ [name]: wanted });
  }

  #crash({ how, kept, wallBack }: Extract<LinkAction, { kind: "crash" }>): void {
    if (how === "power") this.#cable.abandonAll();
    else this.#cable.resetAll();
    this.device.crash(kept, wallBack);
  }

  async #loseAnswers(time: Millis): Promise<void> {
    this.#cable.loseAnswers(true);
    await systemClock.sleep(time);
    this.#cable.resetAll();
    this.#cable.loseAnswers(false);
  }

  async #flow(): Promise<void> {
    const { cables, faults } = this.#hub.core;
    if (cables.state(this.#id) !== "connected" || faults.twinAnswer(this.#id) !== undefined) return;
    this.device.act((twin) => twin.disk(false));
    await this.#comesToRest("while it flows");
  }

  /** All is well from now on: lets them come to rest and looks, on this connection, on new ones, after a restart. */
  async rest(): Promise<void> {
    await this.play({ kind: "well" });
    await this.play({ kind: "plug" });
    this.device.act((twin) => twin.disk(false));
    await this.#comesToRest("at the end");
    this.#check();
    // The whole document may raise the versions of answers that patches left as they were, once.
    await this.#reconnect(() => this.#cable.resetAll());
    this.#check();
    await this.#nothingMoves("a quiet moment", async () => systemClock.sleep(quietMs));
    await this.#nothingMoves("a repetition", async () => this.device.repeatPatch());
    await this.#nothingMoves("a reconnection", () => this.#reconnect(() => this.#cable.resetAll()));
    await this.#nothingMoves("a restart", () =>
      this.#reconnect(() => this.play({ kind: "crash", kept: 0, wallBack: 0, how: "exit" })),
    );
  }

  async close(): Promise<void> {
    await this.device.close();
    await this.#cable.stop();
    await this.#hub.forget(this.#id);
  }

  #check(): void {
    checkAtRest(this.#hub.documents(this.#id), this.device.twin);
  }

  async #reconnect(happens: () => unknown): Promise<void> {
    const before = this.device.documents;
    await happens();
    await this.#until(() => this.device.documents > before, "a new connection");
    await this.#comesToRest("on a new connection");
  }

  async #comesToRest(when: string): Promise<void> {
    await Promise.all(this.#edits.splice(0));
    const { device } = this;
    const began = systemClock.now();
    await this.#until(() => {
      const { version } = this.#hub.documents(this.#id);
      if (!device.online) return false;
      if (device.twin.quiet && device.twin.picture.shadow.version === version) return true;
      if (systemClock.now() < Math.max(began, device.onlineSince) + stuckAfter) return false;
      throw new Error(`RR-8: no rest ${when}, though online: ${JSON.stringify(this.#seen())}`);
    }, `rest ${when}`);
  }

  async #until(holds: () => boolean, what: string): Promise<void> {
    const end = systemClock.now() + patience;
    while (!holds()) {
      if (this.device.failure !== undefined) throw this.device.failure;
      if (systemClock.now() > end)
        throw new Error(`RR-8: never came: ${what} ${JSON.stringify(this.#seen())}`);
      await systemClock.sleep(millis(3));
    }
  }

  #seen() {
    const { twin, online } = this.device;
    return {
      online,
      held: fingerprint(twin.picture),
      shadow: twin.picture.shadow.version,
      desired: this.#hub.documents(this.#id).version,
      reported: this.#hub.documents(this.#id).reportedVersion,
      decisions: twin.decisions.length,
      requests: twin.requests,
    };
  }

  /** RR-8: neither values nor answers flap. */
  async #nothingMoves(what: string, happens: () => Promise<unknown>): Promise<void> {
    const { online: _before, ...before } = this.#seen();
    await happens();
    const { online: _after, ...after } = this.#seen();
    if (fingerprint(before) === fingerprint(after)) return;
    throw new Error(`RR-8: ${what} changes ${JSON.stringify(before)} to ${JSON.stringify(after)}`);
  }
}
