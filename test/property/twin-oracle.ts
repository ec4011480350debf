/**
 * What must be in force, by RR-2 to RR-7 and RR-9, told from what happened and not from the device's code: each edit of
 * the device has a number, and with each message from the hub comes (unseen by the device) which edits the hub knew.
 */
import { type Edits, type Json, type Patch, sortedText } from "./twin-cloud.ts";

export const names = [
  "targetTemperature",
  "controlMode",
  "heaterSwitch",
  "telemetryInterval",
  "sensorOffset",
  "updateDeferral",
  "awayUntil",
  "setPointHold",
  "schedule",
] as const;
export type Name = (typeof names)[number];
export type Week = { readonly [day: string]: string };
export type Value = number | boolean | string | Week;
export type Policy = Readonly<Partial<Record<Name, "cloud-wins" | "device-wins">>>;

const defaults: Readonly<Record<Name, Value>> = {
  targetTemperature: 19,
  controlMode: "auto",
  heaterSwitch: false,
  telemetryInterval: 60,
  sensorOffset: 0,
  updateDeferral: 6,
  awayUntil: "1970-01-01T00:00:00.000Z",
  setPointHold: "next-point",
  schedule: {},
};
const between = (value: Json, low: number, high: number) =>
  typeof value === "number" && value >= low && value <= high;
const days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const isDay = (points: Json): boolean =>
  points === "" ||
  (typeof points === "string" &&
    points.split(", ").every((point, index, all) => {
      const [time = "", target = ""] = point.split(" ");
      const isLater = index === 0 || time > (all[index - 1]?.split(" ")[0] ?? "");
      return /^([01]\d|2[0-3]):[0-5]\d$/.test(time) && isLater && between(Number(target), 5, 30);
    }));
export const fits: Readonly<Record<Name, (value: Json) => boolean>> = {
  targetTemperature: (value) => between(value, 5, 30),
  controlMode: (value) => value === "auto" || value === "manual",
  heaterSwitch: (value) => typeof value === "boolean",
  telemetryInterval: (value) => between(value, 5, 86_400) && Number.isInteger(value),
  sensorOffset: (value) => between(value, -2.5, 2.5),
  updateDeferral: (value) => between(value, 0, 72) && Number.isInteger(value),
  awayUntil: (value) => typeof value === "string" && !Number.isNaN(Date.parse(value)),
  setPointHold: (value) => value === "next-point" || value === "permanent",
  schedule: (value) =>
    isObject(value) && Object.entries(value).every(([day, points]) => days.includes(day) && isDay(points)),
};

export const isName = (name: string): name is Name => names.some((known) => known === name);
/** The form in which it is in force: a day without points is left out. */
export const inForceForm = (value: Json): Value =>
  isObject(value)
    ? Object.fromEntries(Object.entries(value as Week).filter(([, points]) => points !== ""))
    : (value as Value);
const text = (value: Json | undefined) => (value === undefined ? "" : sortedText(value));
const isObject = (value: Json): value is { readonly [name: string]: Json } =>
  typeof value === "object" && value !== null;
/** A part of an object has changed, and the next document tells how it looks now. */
const touched = "touched";

interface Entry {
  readonly value: Value;
  readonly by: "default" | "device" | "cloud";
  /** Number of the device's last edit. */
  readonly edit: number;
  /** Desired value taken account of last, as text. */
  readonly taken: string;
  /** The edit that was the last when the cloud's value was judged last. */
  readonly ruled: number;
  /** The value that lost when the cloud's was judged last, where both sides had one. */
  readonly lost: Value | undefined;
}

/** What a power cut leaves: goes back to what was written together with the device's state. */
export interface Memory {
  readonly version: number;
  readonly unknownProperties: string;
  readonly entries: Readonly<Record<Name, Entry>>;
}

const fresh = (name: Name): Entry => ({
  value: defaults[name],
  by: "default",
  edit: 0,
  taken: "",
  ruled: 0,
  lost: undefined,
});

export class Oracle {
  memory: Memory = {
    version: 0,
    unknownProperties: "{}",
    entries: Object.fromEntries(names.map((name) => [name, fresh(name)])) as Memory["entries"],
  };
  /** Values that lost against the other side's (RR-4). */
  conflicts = 0;
  /** Same values said again (RR-5). */
  repeats = 0;
  refusals = 0;
  readonly #policy: Policy;
  #knows: Edits | undefined;
  #edits = 0;

  constructor(policy: Policy) {
    this.#policy = policy;
  }

  value = (name: Name): Value => this.memory.entries[name].value;
  entry = (name: Name): Entry => this.memory.entries[name];
  get edits(): Edits {
    return new Map(names.map((name) => [name, this.memory.entries[name].edit]));
  }

  /** The device forgets what it had learnt on this connection. */
  connect(): void {
    this.#knows = undefined;
  }

  deviceEdit(name: Name, value: Value): void {
    this.#set(name, { value: inForceForm(value), by: "device", edit: ++this.#edits, lost: undefined });
  }

  /** The hub has confirmed a report. */
  confirmed(edits: Edits): void {
    if (this.#knows) this.#knows = new Map([...this.#knows, ...edits]);
  }

  /** A report stayed without answer: nothing is known until the next document. */
  unconfirmed(): void {
    this.#knows = undefined;
  }

  document(document: string, knows: Edits): void {
    const { desired } = JSON.parse(document) as { desired: { [name: string]: Json } };
    const { $version, ...values } = desired;
    const version = Number($version);
    if (version < this.memory.version) return;
    this.#knows = knows;
    const moved = version > this.memory.version;
    const unknownProperties = text(
      Object.fromEntries(Object.entries(values).filter(([name]) => !isName(name))),
    );
    const differ = names.filter((name) => text(values[name]) !== this.entry(name).taken);
    const again = moved && differ.length === 0 && unknownProperties === this.memory.unknownProperties;
    for (const name of names) {
      const repeated = again && values[name] !== undefined && this.entry(name).by === "device";
      if (repeated) this.repeats++;
      if (differ.includes(name) || repeated) this.#cloudEdit(name, values[name], repeated);
    }
    this.memory = { ...this.memory, version, unknownProperties };
  }

  patch(patch: Patch, version: number): void {
    if (this.#knows === undefined || version !== this.memory.version + 1) return;
    for (const [name, value] of Object.entries(patch)) {
      if (name === "schedule" && isObject(value)) this.#set(name, { taken: touched });
      else if (isName(name)) this.#cloudEdit(name, value === null ? undefined : value);
      // How all the strangers look now is not known before the next document.
      else this.memory = { ...this.memory, unknownProperties: "unknown" };
    }
    this.memory = { ...this.memory, version };
  }

  /** @param repeated only the version shows that the cloud has said anything */
  #cloudEdit(name: Name, wanted: Json | undefined, repeated = false): void {
    const before = this.entry(name);
    this.#set(name, { taken: text(wanted), ruled: before.edit, lost: undefined });
    if (wanted !== undefined && !fits[name](wanted)) {
      this.refusals++;
      return;
    }
    const value = wanted === undefined ? defaults[name] : inForceForm(wanted);
    const unknown = before.by === "device" && this.#knows?.get(name) !== before.edit;
    if (before.by === "device" && text(value) !== text(before.value) && (unknown || repeated)) {
      if (unknown) this.conflicts++;
      const deviceWins = this.#policy[name] === "device-wins";
      if (deviceWins || unknown) this.#set(name, { lost: deviceWins ? value : before.value });
      if (deviceWins) return;
    }
    this.#set(name, { value, by: wanted === undefined ? "default" : "cloud" });
  }

  #set(name: Name, change: Partial<Entry>): void {
    const { entries } = this.memory;
    this.memory = { ...this.memory, entries: { ...entries, [name]: { ...entries[name], ...change } } };
  }
}
