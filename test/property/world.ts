/** Whatever can happen to a device, as generated actions, and the world that plays them to it. */
import fc from "fast-check";
import { celsius, millis, relativeHumidity, wallMillis } from "../../src/base/units.ts";
import { shtChip } from "../../src/chips/sensirion.ts";
import { parseDurable } from "../../src/control/durable.ts";
import type {
  ButtonEdge,
  ButtonName,
  FailingPart,
  LinkState,
  Request,
  SensorReading,
  SetRequest,
} from "../../src/control/input.ts";
import type { Commands } from "../../src/control/output.ts";
import { type ControlState, start, step } from "../../src/control/step.ts";
import { toDurable } from "../../src/control/to-durable.ts";
import { faultOfPart } from "../../src/model/faults.ts";
import type { WritableName, WritableValues } from "../../src/model/properties.ts";
import { defaultSettings, parseSettings, type Settings } from "../../src/model/settings.ts";
import { Oracle } from "./oracle.ts";

export type Action =
  | { readonly kind: "live"; readonly steps: number; readonly dt: number; readonly slope: number }
  | { readonly kind: "wait"; readonly dt: number }
  | { readonly kind: "jump"; readonly to: number }
  | { readonly kind: "spike"; readonly to: number }
  | { readonly kind: "fail"; readonly count: number; readonly dt: number }
  | { readonly kind: "freeze"; readonly steps: number }
  | { readonly kind: "back"; readonly by: number }
  | { readonly kind: "edge"; readonly button: ButtonName; readonly pressed: boolean; readonly dt: number }
  /** The loop looks every 100 ms for so long. */
  | { readonly kind: "look"; readonly ms: number }
  /** Somebody else switches the relay's line for a moment, so many times. */
  | { readonly kind: "flip"; readonly times: number; readonly dt: number }
  | { readonly kind: "request"; readonly request: Request }
  | { readonly kind: "line"; readonly line: boolean | "follows" | "unreadable" }
  | { readonly kind: "failing"; readonly parts: readonly FailingPart[]; readonly link: LinkState }
  | { readonly kind: "restart"; readonly gap: number; readonly broken?: unknown; readonly wallBack: number };

const gap = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 20_000 }) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 200 }) },
  { weight: 1, arbitrary: fc.integer({ min: 55_000, max: 600_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 3_600_000, max: 5 * 86_400_000 }) },
);
const anyTemperature = fc.oneof(
  fc.double({ min: -45, max: 130, noNaN: true }),
  fc.double({ min: 0, max: 40, noNaN: true }),
  fc.constantFrom(-40.1, -40, 4.9, 5, 6.9, 7, 19, 34.9, 35, 36, 125, 125.1),
);
const source = fc.constantFrom("device" as const, "cloud" as const);
const button = fc.constantFrom<ButtonName>("a", "b", "mode");
const set = <K extends WritableName>(name: K, value: fc.Arbitrary<WritableValues[K]>) =>
  fc.record({
    kind: fc.constant("set" as const),
    name: fc.constant(name),
    value,
    source,
  }) as fc.Arbitrary<SetRequest>;
const request: fc.Arbitrary<Request> = fc.oneof(
  set("targetTemperature", anyTemperature),
  set("controlMode", fc.constantFrom("auto", "manual")),
  set("heaterSwitch", fc.boolean()),
  fc.record({ kind: fc.constant("clear-faults" as const), source }),
  set("sensorOffset", fc.constantFrom(-2.6, -2.5, -1, 0, 0.4, 2.5, 3)),
  set("updateDeferral", fc.constantFrom(-1, 0, 6, 7.5, 72, 73)),
  set("telemetryInterval", fc.constantFrom(-1, 5, 60, 7.5, 86_400, 1e9)),
  fc.record({
    kind: fc.constant("boost" as const),
    minutes: fc.constantFrom(-1, 0, 1, 30, 240, 241),
    source,
  }),
  fc.record({ kind: fc.constant("identify" as const), seconds: fc.constantFrom(0, 1, 300, 1e9), source }),
);
const live = fc.record({
  kind: fc.constant("live" as const),
  steps: fc.integer({ min: 1, max: 60 }),
  dt: fc.constantFrom(500, 1000, 2000, 9000, 10_000, 15_000),
  slope: fc.double({ min: -0.05, max: 0.05, noNaN: true }),
});
const parts = Object.keys(faultOfPart) as readonly FailingPart[];

export const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 14, arbitrary: live },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("wait" as const), dt: gap }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("jump" as const), to: anyTemperature }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("spike" as const), to: anyTemperature }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("fail" as const),
      count: fc.integer({ min: 1, max: 12 }),
      dt: fc.constantFrom(1000, 2000, 10_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("freeze" as const), steps: fc.integer({ min: 20, max: 260 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("back" as const), by: fc.integer({ min: 1, max: 9e7 }) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("edge" as const),
      button,
      pressed: fc.boolean(),
      dt: fc.constantFrom(0, 3, 15, 120, 700, 1100, 3200),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("look" as const),
      ms: fc.constantFrom(600, 1500, 4000, 61_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("flip" as const),
      times: fc.integer({ min: 1, max: 7 }),
      dt: fc.constantFrom(400, 1000, 30_000, 150_000),
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("request" as const), request }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("line" as const),
      line: fc.constantFrom<boolean | "follows" | "unreadable">(
        true,
        false,
        "follows",
        "follows",
        "unreadable",
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("failing" as const),
      parts: fc.subarray([...parts]),
      link: fc.constantFrom<LinkState>("none", "connecting", "online", "offline"),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record(
      {
        kind: fc.constant("restart" as const),
        gap: fc.oneof(fc.integer({ min: 1, max: 5000 }), gap),
        broken: fc.anything(),
        wallBack: fc.oneof(fc.constant(0), fc.integer({ min: -4e8, max: 4e8 })),
      },
      { requiredKeys: ["kind", "gap", "wallBack"] },
    ),
  },
);

export const settings: fc.Arbitrary<Settings> = fc
  .record({
    law: fc.constantFrom("proportional", "hysteresis"),
    minimumOnSeconds: fc.constantFrom(10, 60, 240),
    minimumOffSeconds: fc.constantFrom(10, 60, 240),
    frostInManual: fc.boolean(),
    sensorOffset: fc.constantFrom(-2.5, 0, 0, 2.5),
    ineffectiveAfterMinutes: fc.constantFrom(30, 60),
    targetStep: fc.constantFrom(0.1, 0.5, 1),
    displayUnit: fc.constantFrom("C", "C", "F"),
    modeInitial: fc.constantFrom("auto", "manual"),
  })
  .map((values) => parseSettings(values).settings);

/** One device and its world. Plays actions, and has the oracle look at every step. */
export class World {
  steps = 0;
  /** Heater commands in order, for comparing two worlds. */
  readonly heater: boolean[] = [];
  readonly #settings: Settings;
  readonly #deaf: boolean;
  readonly #oracle: Oracle;
  #state: ControlState;
  #commands: Commands | undefined;
  /** True time, and what the device's clock shows less true time (a clock that runs back does so once and for all). */
  #at = 0;
  #clockSkew = 1000;
  #wallSkew = 1_700_000_000_000;
  #room = 18;
  #word = 0;
  #line: boolean | "follows" | "unreadable" = "follows";
  #failing: readonly FailingPart[] = [];
  #link: LinkState = "none";
  #held: Record<ButtonName, boolean> = { a: false, b: false, mode: false };

  /** @param deaf `failing` actions do nothing */
  constructor(chosen: Settings = defaultSettings, deaf = false) {
    this.#settings = chosen;
    this.#deaf = deaf;
    this.#oracle = new Oracle(chosen, 0);
    this.#state = start(chosen, undefined, this.#conditions());
  }

  #conditions() {
    return {
      nowMs: millis(this.#at + this.#clockSkew),
      wallMs: wallMillis(this.#at + this.#wallSkew),
      firmware: "0.0.0",
    };
  }

  play(action: Action): void {
    switch (action.kind) {
      case "live":
        for (let count = 0; count < action.steps; count++) {
          this.#at += action.dt;
          this.#room = Math.min(45, Math.max(-10, this.#room + (action.slope * action.dt) / 1000));
          this.#step({ reading: this.#read(this.#room) });
        }
        return;
      case "wait":
        this.#at += action.dt;
        this.#step({});
        return;
      case "jump":
        this.#room = action.to;
        return;
      case "spike":
        this.#at += 2000;
        this.#step({ reading: this.#read(action.to) });
        return;
      case "fail":
        for (let count = 0; count < action.count; count++) {
          this.#at += action.dt;
          this.#step({ reading: { kind: "failed", reason: "bad-crc", atMs: this.#clock() } });
        }
        return;
      case "freeze":
        for (let count = 0; count < action.steps; count++) {
          this.#at += 10_000;
          this.#step({ reading: this.#read(this.#room, this.#word) });
        }
        return;
      case "back":
        this.#clockSkew -= action.by;
        this.#step({ clockWentBack: true });
        return;
      case "edge":
        this.#at += action.dt;
        this.#held = { ...this.#held, [action.button]: action.pressed };
        this.#step({
          buttons: [{ button: action.button, pressed: action.pressed, atMs: this.#clock() }],
        });
        return;
      case "look":
        for (let left = action.ms; left > 0; left -= 100) {
          this.#at += 100;
          this.#step({});
        }
        return;
      case "flip":
        for (let left = action.times; left > 0; left--) {
          this.#at += action.dt;
          const before = this.#line;
          this.#line = !(this.#commands?.heater ?? false);
          this.#step({});
          this.#line = before;
          this.#at += action.dt;
          this.#step({});
        }
        return;
      case "request":
        this.#step({ request: action.request });
        return;
      case "line":
        this.#line = action.line;
        return;
      case "failing":
        if (!this.#deaf) [this.#failing, this.#link] = [action.parts, action.link];
        return;
      case "restart":
        this.#restart(action);
        return;
    }
  }

  #clock = () => millis(this.#at + this.#clockSkew);

  #read(temperature: number, word = ++this.#word & 0xffff): SensorReading {
    return {
      kind: "ok",
      temperature: celsius(temperature),
      humidity: relativeHumidity(50),
      raw: { temperature: word, humidity: word },
      chip: shtChip,
      atMs: this.#clock(),
    };
  }

  #restart(action: Extract<Action, { kind: "restart" }>): void {
    this.#at += action.gap;
    this.#wallSkew -= action.wallBack;
    const broken = "broken" in action;
    const stored = broken ? action.broken : JSON.parse(JSON.stringify(toDurable(this.#state)));
    const durable = parseDurable(stored);
    if (!broken && !durable) throw new Error("the device cannot read what it has stored");
    this.#oracle.restart(this.#at, durable === undefined);
    const conditions = { ...this.#conditions(), stateLost: durable === undefined };
    this.#state = start(this.#settings, durable, conditions);
    this.#commands = undefined;
    this.#held = { a: false, b: false, mode: false };
  }

  #step(what: {
    reading?: SensorReading;
    buttons?: readonly ButtonEdge[];
    request?: Request;
    clockWentBack?: boolean;
  }): void {
    const commanded = this.#commands?.heater ?? false;
    const line = this.#line === "follows" ? commanded : this.#line === "unreadable" ? undefined : this.#line;
    const now = this.#clock();
    const result = step(
      this.#state,
      {
        reading: what.reading,
        buttons: what.buttons ?? [],
        relayLine: line,
        requests: what.request ? [what.request] : [],
        link: this.#link,
        failing: this.#failing,
        wallMs: wallMillis(this.#at + this.#wallSkew),
      },
      now,
    );
    this.#state = result.state;
    this.#commands = result.commands;
    this.heater.push(result.commands.heater);
    this.steps++;
    if (!(result.wakeAtMs > now && result.wakeAtMs <= now + 1000)) {
      throw new Error(`wakes at ${result.wakeAtMs}, it is ${now}`);
    }
    this.#oracle.observe({
      at: this.#at,
      clockWentBack: what.clockWentBack ?? false,
      reading: what.reading,
      readAt: this.#at,
      line,
      request: what.request,
      held: this.#held,
      commands: result.commands,
    });
  }
}
