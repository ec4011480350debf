/**
 * The safety rules once more, written from the design and not from the code: they look at what went into the
 * device and what it commanded, never at its state. `observe` throws at the first step that breaks a rule.
 */
import type { ButtonName, Request, SensorReading } from "../../src/control/input.ts";
import type { Commands } from "../../src/control/output.ts";
import type { Settings } from "../../src/model/settings.ts";

/** What anybody beside the device could write down about one step. Times in ms of true time. */
export interface Observation {
  readonly at: number;
  readonly clockWentBack: boolean;
  readonly reading: SensorReading | undefined;
  /** When the reading was taken. */
  readonly readAt: number;
  readonly line: boolean | undefined;
  readonly request: Request | undefined;
  /** Physical levels now. */
  readonly held: Readonly<Record<ButtonName, boolean>>;
  readonly commands: Commands;
}

const offFaults = [
  "over-temperature",
  "relay-mismatch",
  "relay-stuck-on",
  "sensor-stale",
  "sensor-stuck",
  "hot-room",
];
const minute = 60_000;
const hour = 60 * minute;

interface Valid {
  readonly at: number;
  readonly value: number;
  readonly word: number;
}

export class Oracle {
  readonly #settings: Settings;
  /** What calibrates the readings now, and what did when the screen was drawn last. */
  #sensorOffset: number;
  /** Relay as commanded, and since when. A device that has never heated has been off for ever. */
  #on = false;
  #since = Number.NEGATIVE_INFINITY;
  /** Since this start. */
  #startedAt = 0;
  #valid: Valid[] = [];
  #attemptAt = Number.NEGATIVE_INFINITY;
  #validRun = 0;
  #outage = false;
  #frozen: { word: number; since: number; count: number } | undefined;
  #hotRun = 0;
  #latched = false;
  #shown: number | undefined;
  /** SR-04: when the heater was on last; `undefined`: never, as far as anybody can know. */
  #lastOn: number | undefined;
  /** The room is hot, and the heater did not do it. */
  #hotRoom = false;
  #differsSince: number | undefined;
  /** SR-07: the line has followed the present command; when it left one that it had followed; since when it is right. */
  #followed = false;
  #departures: number[] = [];
  #lineRightSince = Number.NEGATIVE_INFINITY;
  #chordSince: number | undefined;
  #chordDone = false;
  #coldSince: number | undefined;

  constructor(settings: Settings, at: number) {
    this.#settings = settings;
    this.#sensorOffset = settings.sensorOffset;
    this.#startedAt = at;
  }

  /** A power cut: the relay opens. `lost`: nothing came back from the store. */
  restart(at: number, lost: boolean): void {
    if (this.#on) [this.#since, this.#lastOn] = [at, at];
    if (lost) this.#lastOn = at;
    this.#on = false;
    this.#hotRoom = false;
    this.#followed = false;
    this.#departures = [];
    this.#lineRightSince = Number.NEGATIVE_INFINITY;
    this.#chordDone = false;
    this.#startedAt = at;
    this.#valid = [];
    this.#validRun = 0;
    this.#outage = false;
    this.#frozen = undefined;
    this.#hotRun = 0;
    this.#shown = undefined;
    this.#differsSince = undefined;
    this.#chordSince = undefined;
    this.#coldSince = undefined;
    this.#attemptAt = Number.NEGATIVE_INFINITY;
    if (!lost) return;
    this.#latched = false;
    this.#sensorOffset = this.#settings.sensorOffset;
  }

  /** The device's first step after a restart. While it did not run, it missed no reading. */
  started(at: number): void {
    this.#startedAt = at;
  }

  observe(seen: Observation): void {
    this.#takeRequest(seen);
    this.#takeReading(seen);
    this.#watchChord(seen);
    if (seen.clockWentBack) this.#distrust();
    const broken =
      this.#sr02(seen) ??
      this.#sr03(seen) ??
      this.#sr04(seen) ??
      this.#sr07(seen) ??
      this.#sr08(seen) ??
      this.#sr09(seen) ??
      this.#plain(seen);
    if (broken) throw new Error(`${broken} at ${seen.at} ms; shown ${JSON.stringify(seen.commands)}`);
    this.#shown = seen.commands.screen.temperature;
    // Until the very step that turns it off it was on.
    if (this.#on || seen.commands.heater) this.#lastOn = seen.at;
    if (seen.commands.heater !== this.#on) {
      this.#on = seen.commands.heater;
      this.#since = seen.at;
      this.#differsSince = undefined;
      this.#followed = false;
    }
  }

  #takeRequest({ request }: Observation) {
    if (request?.kind !== "set" || request.name !== "sensorOffset" || Math.abs(request.value) > 2.5) return;
    // What was shown, as it would be shown now.
    if (this.#shown !== undefined) this.#shown += request.value - this.#sensorOffset;
    this.#sensorOffset = request.value;
  }

  #distrust() {
    this.#outage = true;
    this.#validRun = 0;
  }

  #takeReading(seen: Observation) {
    const { reading, readAt } = seen;
    if (!reading || readAt <= this.#attemptAt) return;
    this.#attemptAt = readAt;
    const lastAt = this.#valid.at(-1)?.at ?? this.#startedAt;
    if (readAt - lastAt >= minute) this.#distrust();
    if (reading.kind === "failed" || reading.temperature < -40 || reading.temperature > 125) {
      this.#validRun = 0;
      this.#hotRun = 0;
      return;
    }
    const { word } = { word: reading.raw.temperature };
    const same = this.#frozen?.word === word && readAt - lastAt < minute;
    this.#frozen =
      same && this.#frozen
        ? { ...this.#frozen, count: this.#frozen.count + 1 }
        : { word, since: readAt, count: 1 };
    this.#validRun++;
    if (this.#validRun >= 3) this.#outage = false;
    const hot = reading.temperature + this.#sensorOffset >= this.#settings.cutOff;
    this.#hotRun = hot ? this.#hotRun + 1 : 0;
    this.#valid = this.#valid.filter((entry) => readAt - entry.at < 2 * minute);
    this.#valid.push({ at: readAt, value: reading.temperature, word });
  }

  #sr02({ at, commands }: Observation): string | undefined {
    if (!commands.heater) return undefined;
    const last = this.#valid.at(-1);
    if (!last) return "SR-02: heat before any valid reading";
    if (at - last.at >= minute) return "SR-02: heat without a valid reading for 60 s";
    return this.#outage ? "SR-02: heat after an outage before three good readings in a row" : undefined;
  }

  #sr03({ reading, readAt, commands }: Observation): string | undefined {
    const frozen = this.#frozen;
    const last = this.#valid.at(-1);
    if (commands.heater && frozen && last && frozen.count >= 31 && last.at - frozen.since >= 30 * minute)
      return "SR-03: heat by a value frozen for 30 min";
    if (reading?.kind !== "ok" || last?.at !== readAt) return undefined;
    const before = this.#valid.slice(0, -1).filter((entry) => readAt - entry.at < minute);
    const recent = before.some((entry) => readAt - entry.at < 10_000);
    const absurd = recent && before.every((entry) => Math.abs(entry.value - last.value) > 10);
    const used = commands.screen.temperature;
    const near = used !== undefined && Math.abs(used - this.#sensorOffset - last.value) < 0.001;
    return absurd && near ? "SR-03: a jump of more than 10 K was believed at once" : undefined;
  }

  #sr04(seen: Observation): string | undefined {
    const { cutOff } = this.#settings;
    const { fault, temperature } = seen.commands.screen;
    const last = this.#valid.at(-1);
    const taken = last && last.at === seen.readAt && seen.reading?.kind === "ok" ? last.value : undefined;
    const now = taken === undefined ? undefined : taken + this.#sensorOffset;
    const credible = now !== undefined && this.#shown !== undefined && Math.abs(now - this.#shown) <= 1.5;
    const hot = now !== undefined && now >= cutOff && (credible || this.#hotRun >= 3);
    if (now !== undefined && now < cutOff - 1) this.#hotRoom = false;
    if (hot && this.#heatedLately(seen.at)) this.#latched = true;
    else if (hot) this.#hotRoom = true;
    if (!this.#latched && fault === "over-temperature") {
      if (!this.#mayBlame(seen)) return "SR-04: latched although the heater cannot have done it";
      this.#latched = true;
    }
    if (fault === "hot-room" && now !== undefined && now < cutOff - 1.001 && now === temperature)
      return "SR-04: hot-room stays although it is cooler";
    if (this.#hotRoom && seen.commands.heater) return "SR-04: heat in a room that is hot without it";
    return this.#latched ? this.#clearing(seen) : undefined;
  }

  /** The heater is on, or was within six hours. A device that starts knows of no time before but what it has seen. */
  #heatedLately(at: number): boolean {
    return this.#on || (this.#lastOn !== undefined && at - this.#lastOn < 6 * hour);
  }

  #mayBlame({ at, line }: Observation): boolean {
    const unseen = this.#lastOn !== undefined && at - this.#startedAt < 6 * hour;
    const lineWrong = line !== this.#on || at - this.#lineRightSince < 10 * minute;
    return this.#heatedLately(at) || unseen || lineWrong;
  }

  #clearing(seen: Observation): string | undefined {
    const { fault, temperature } = seen.commands.screen;
    if (fault !== "over-temperature" && (seen.request?.kind === "clear-faults" || this.#chord(seen))) {
      if (temperature === undefined || temperature >= this.#settings.cutOff)
        return "SR-04: cleared while it is still hot";
      this.#latched = false;
      return undefined;
    }
    if (seen.commands.heater) return "SR-04: heat above the cut-off, or before it was cleared";
    return fault === "over-temperature" ? undefined : "SR-04: the latched fault is not shown";
  }

  /** SR-13: A and B were held together, and both have come back. */
  #chord({ held }: Observation): boolean {
    return this.#chordDone && !held.a && !held.b;
  }

  #watchChord({ at, held }: Observation) {
    if (held.a && held.b) {
      this.#chordSince ??= at;
      this.#chordDone = false;
    } else if (this.#chordSince !== undefined) {
      this.#chordDone = at - this.#chordSince >= 2900;
      this.#chordSince = undefined;
    }
  }

  #sr07({ at, line, commands, request }: Observation): string | undefined {
    if (request?.kind === "clear-faults" || this.#chordDone) this.#departures = [];
    if (line === this.#on) {
      if (this.#differsSince !== undefined) this.#lineRightSince = at;
      this.#differsSince = undefined;
      this.#followed = true;
      if (at - this.#lineRightSince >= 10 * minute) this.#departures = [];
      return undefined;
    }
    if (this.#differsSince === undefined && this.#followed) {
      this.#departures = [...this.#departures.filter((then) => at - then < 10 * minute), at];
    }
    this.#differsSince ??= at;
    const often = this.#departures.length >= 5;
    if (!often && at - this.#differsSince < 2000) return undefined;
    if (commands.heater) return "SR-07: heat although the line differs from the command";
    const shown = commands.screen.fault === "relay-mismatch" || commands.screen.fault === "over-temperature";
    return shown ? undefined : "SR-07: the mismatch is not shown";
  }

  #sr08({ at, commands }: Observation): string | undefined {
    if (commands.heater === this.#on) return undefined;
    const held = at - this.#since;
    if (commands.heater) {
      const minimum = this.#settings.minimumOffSeconds * 1000;
      return held < minimum ? `SR-08: ON after ${held} ms off` : undefined;
    }
    const safety = commands.screen.fault !== undefined && offFaults.includes(commands.screen.fault);
    const early = held < this.#settings.minimumOnSeconds * 1000;
    return early && !safety ? `SR-08: OFF after ${held} ms on without a safety reason` : undefined;
  }

  #sr09({ at, commands }: Observation): string | undefined {
    const { temperature, mode, fault } = commands.screen;
    const { frostOn, frostInManual, minimumOffSeconds } = this.#settings;
    const protects = mode === "auto" || frostInManual;
    const forbidden = fault !== undefined && offFaults.includes(fault);
    const cold = protects && !forbidden && temperature !== undefined && temperature < frostOn;
    if (!cold) {
      this.#coldSince = undefined;
      return undefined;
    }
    this.#coldSince ??= at;
    const waited = at - this.#coldSince >= minimumOffSeconds * 1000;
    return waited && !commands.heater ? "SR-09: frost, and no heat" : undefined;
  }

  #plain({ commands }: Observation): string | undefined {
    const { target, demand, heating, fault, temperature } = commands.screen;
    const { targetMin, targetMax } = this.#settings;
    if (!(target >= targetMin && target <= targetMax)) return `set-point ${target} is outside its limits`;
    if (!(demand >= 0 && demand <= 100)) return `demand ${demand} is not a percentage`;
    if (heating !== commands.heater) return "the screen lies about the heater";
    const measured = (temperature ?? 0) - this.#sensorOffset;
    if (measured < -40 - 2.5 || measured > 125.001) return `SR-03: ${measured} °C was believed`;
    return commands.heater && fault && offFaults.includes(fault)
      ? `heat although ${fault} stands`
      : undefined;
  }
}
