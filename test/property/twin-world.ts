/** Whatever can happen between a device and its twin, as generated actions, and the cable between the two. */
import fc from "fast-check";
import { fingerprint } from "../../src/control/twin/values.ts";
import { Cloud, type Json, type Patch, type Sent } from "./twin-cloud.ts";
import { type Asked, TwinDevice } from "./twin-device.ts";
import { type Name, names, type Policy, type Value } from "./twin-oracle.ts";
import { checkAtRest } from "./twin-rest.ts";

/** What people do, on either side. */
export type Edit =
  | { readonly kind: "device"; readonly name: Name; readonly value: Value }
  | { readonly kind: "press"; readonly button: "a" | "b" }
  | { readonly kind: "cloud"; readonly patch: Patch }
  /** The value that is desired already. */
  | { readonly kind: "again"; readonly name: Name };

export type Action =
  | Edit
  | { readonly kind: "connect" }
  /** `arrive`: so many of the device's messages still reach the hub. */
  | { readonly kind: "cut"; readonly arrive: number }
  | { readonly kind: "up"; readonly count: number }
  | { readonly kind: "down"; readonly count: number }
  /** Everything arrives. */
  | { readonly kind: "flow" }
  | { readonly kind: "lose"; readonly at: number }
  | { readonly kind: "repeat"; readonly at: number }
  /** Others overtake it. */
  | { readonly kind: "delay"; readonly at: number }
  | { readonly kind: "timeout" }
  | { readonly kind: "get" }
  /** The twin is asked for, and a patch written after the answer overtakes it. */
  | { readonly kind: "race"; readonly patch: Patch }
  /** A slow disk writes nothing until it is fast again. */
  | { readonly kind: "disk"; readonly slow: boolean }
  /** `kept`: so many of the writes under way still reach the disk. */
  | {
      readonly kind: "crash";
      readonly kept: number;
      readonly wallBack: number;
      readonly arrive: number;
    };

const day = fc.constantFrom("monday", "tuesday", "sunday");
const points = fc.constantFrom("", "06:30 20", "06:30 20, 22:00 16", "07:00 21.5, 09:15 17, 23:59 5");
const good: Readonly<Record<Name, fc.Arbitrary<Value>>> = {
  targetTemperature: fc.constantFrom(5, 19, 19.5, 20, 21.25, 30),
  controlMode: fc.constantFrom("auto", "manual"),
  heaterSwitch: fc.boolean(),
  telemetryInterval: fc.constantFrom(5, 60, 300, 86_400),
  sensorOffset: fc.constantFrom(-2.5, 0, 0.5, 2.5),
  updateDeferral: fc.constantFrom(0, 6, 24, 72),
  // Without a trusted clock they change no set-point, so that a press starts from the one that was set.
  awayUntil: fc.constantFrom("1970-01-01T00:00:00.000Z", "2027-02-01T18:00:00.000Z"),
  setPointHold: fc.constantFrom("next-point", "permanent"),
  // Likewise; nobody knows what day it is.
  schedule: fc.dictionary(day, points, { maxKeys: 3, noNullPrototype: true }),
};
const bad = fc.constantFrom<Json>(4.9, 31, -1e9, "hot", "", { a: 1 }, { b: { c: "x" } }, 7.25, true, "auto");
const name = fc.constantFrom(...names);
/** Parts of a week: twins merge them. */
const partOfWeek = fc.dictionary(
  day,
  fc.oneof(points, fc.constant(null), fc.constantFrom<Json>("06:30 40", "25:00 20", 7)),
  { minKeys: 1, maxKeys: 2, noNullPrototype: true },
);
const wanted = (of: Name): fc.Arbitrary<Json> =>
  fc.oneof(
    { weight: 6, arbitrary: of === "schedule" ? fc.oneof(good[of], partOfWeek) : good[of] },
    { weight: 1, arbitrary: bad },
    { weight: 1, arbitrary: fc.constant(null) },
  );
const entry = fc.oneof(
  { weight: 9, arbitrary: name.chain((of) => wanted(of).map((value): Patch => ({ [of]: value }))) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom("SwitchHEAT", "constructor", "x.y", "faults"), fc.oneof(bad, fc.constant(null)))
      .map(([of, value]): Patch => ({ [of]: value })),
  },
);
export const patch = fc
  .array(entry, { minLength: 1, maxLength: 3 })
  .map((entries) => Object.assign({}, ...entries) as Patch);
const few = fc.integer({ min: 0, max: 3 });
const at = fc.nat({ max: 5 });

const is = <K extends Action["kind"]>(kind: K) => fc.constant(kind);
const edits: readonly fc.WeightedArbitrary<Edit>[] = [
  {
    weight: 4,
    arbitrary: name.chain((of) => good[of].map((value): Edit => ({ kind: "device", name: of, value }))),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: is("press"), button: fc.constantFrom("a" as const, "b" as const) }),
  },
  { weight: 6, arbitrary: fc.record({ kind: is("cloud"), patch }) },
  { weight: 4, arbitrary: fc.record({ kind: is("again"), name }) },
];
export const edit: fc.Arbitrary<Edit> = fc.oneof(...edits);
export const action: fc.Arbitrary<Action> = fc.oneof(
  ...edits,
  { weight: 4, arbitrary: fc.record({ kind: is("connect") }) },
  { weight: 3, arbitrary: fc.record({ kind: is("cut"), arrive: few }) },
  { weight: 5, arbitrary: fc.record({ kind: is("flow") }) },
  { weight: 6, arbitrary: fc.record({ kind: is("up"), count: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 6, arbitrary: fc.record({ kind: is("down"), count: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: is("lose"), at }) },
  { weight: 2, arbitrary: fc.record({ kind: is("repeat"), at }) },
  { weight: 2, arbitrary: fc.record({ kind: is("delay"), at }) },
  { weight: 2, arbitrary: fc.record({ kind: is("timeout") }) },
  { weight: 1, arbitrary: fc.record({ kind: is("get") }) },
  { weight: 1, arbitrary: fc.record({ kind: is("race"), patch }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: is("disk"), slow: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: is("crash"),
      kept: fc.nat({ max: 3 }),
      wallBack: fc.constantFrom(0, 0, 5000, 86_400_000),
      arrive: few,
    }),
  },
);
export const policy: fc.Arbitrary<Policy> = fc.record(
  Object.fromEntries(names.map((of) => [of, fc.constantFrom("cloud-wins", "device-wins")])) as Record<
    Name,
    fc.Arbitrary<"cloud-wins" | "device-wins">
  >,
);

/** More rounds than any honest exchange takes. */
const patience = 40;

export class TwinWorld {
  readonly cloud = new Cloud();
  readonly device: TwinDevice;
  #connected = false;
  #down: Sent[] = [];
  /** The hub cannot know of a patch that was lost: the next one, or a new connection, tells. */
  #whole = true;

  constructor(chosen: Policy) {
    this.device = new TwinDevice(chosen);
  }

  play(action: Action): void {
    switch (action.kind) {
      case "device":
        this.device.edit(action.name, action.value);
        break;
      case "press":
        this.device.press(action.button);
        break;
      case "cloud":
        this.#write(action.patch);
        break;
      case "again":
        this.#again(action.name);
        break;
      case "connect":
        this.#connect();
        break;
      case "cut":
        this.#cut(action.arrive);
        break;
      case "up":
        this.#up(action.count);
        break;
      case "down":
        for (let left = action.count; left > 0; left--) this.#deliver();
        break;
      case "flow":
        this.#flow();
        break;
      case "lose":
        if (this.#pick(action.at)?.kind === "patch") this.#whole = false;
        break;
      case "repeat": {
        const message = this.#down[action.at % this.#down.length];
        if (message) this.#down.push(message);
        break;
      }
      case "delay": {
        const message = this.#pick(action.at);
        if (message) this.#down.push(message);
        break;
      }
      case "timeout":
        this.device.timeOut();
        break;
      case "get":
        this.device.get();
        break;
      case "race": {
        this.device.get();
        this.#up(this.device.outbox.length);
        const answers = this.#down.splice(0);
        this.#write(action.patch);
        this.#down.push(...answers);
        break;
      }
      case "disk":
        this.device.disk(action.slow);
        break;
      case "crash":
        this.#cut(action.arrive);
        this.device.crash(action.kept, action.wallBack);
        break;
    }
  }

  #pick(at: number): Sent | undefined {
    return this.#down.splice(at % Math.max(1, this.#down.length), 1)[0];
  }

  #write(patch: Patch): void {
    const sent = this.cloud.edit(patch);
    if (this.#connected) this.#down.push(sent);
  }

  #again(name: Name): void {
    const wanted = this.cloud.desired[name];
    if (wanted !== undefined) this.#write({ [name]: wanted });
  }

  #connect(): void {
    this.#cut(0);
    this.#connected = true;
    this.#whole = true;
    this.device.connect();
  }

  #cut(arrive: number): void {
    this.#up(arrive);
    this.#connected = false;
    this.#down = [];
    this.device.cut();
  }

  #up(count: number): void {
    for (const asked of this.device.outbox.splice(0, count)) this.#down.push(this.#serve(asked));
  }

  #serve(asked: Asked): Sent {
    return asked.kind === "get"
      ? this.cloud.get(asked.rid)
      : this.cloud.report(asked.id, asked.patch, asked.edits);
  }

  #deliver(): void {
    const [message] = this.#down.splice(0, 1);
    if (message) this.device.take(message);
  }

  #flow(): void {
    for (let round = 0; this.#down.length + this.device.outbox.length > 0; round++) {
      if (round > patience) throw new Error("RR-8: they never come to rest");
      this.#up(this.device.outbox.length);
      while (this.#down.length > 0) this.#deliver();
    }
  }

  /** Disk and cable work from now on, and what was lost is asked for again. */
  #settle(): void {
    this.device.disk(false);
    this.#flow();
    this.device.timeOut();
    this.#flow();
  }

  /** Lets them come to rest, on this connection if no patch was lost on it, then on a new one, and looks. */
  rest(): void {
    if (this.#connected && this.#whole) {
      this.#settle();
      checkAtRest(this.cloud, this.device);
    }
    this.#connect();
    this.#settle();
    checkAtRest(this.cloud, this.device);
    this.#nothingMoves("a reconnection", () => this.#connect());
    this.#nothingMoves("a restart", () => this.play({ kind: "crash", kept: 0, wallBack: 0, arrive: 0 }));
    this.#nothingMoves("the connection after a restart", () => this.#connect());
  }

  /** RR-8: neither values nor answers flap. */
  #nothingMoves(what: string, happens: () => void): void {
    const seen = () => ({
      held: fingerprint(this.device.picture),
      reported: this.cloud.reportedVersion,
      decisions: this.device.decisions.length,
      requests: this.device.requests,
    });
    const before = seen();
    happens();
    this.#settle();
    const after = seen();
    if (fingerprint(before) === fingerprint(after)) return;
    throw new Error(`RR-8: ${what} changes ${JSON.stringify(before)} to ${JSON.stringify(after)}`);
  }
}
