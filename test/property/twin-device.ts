/** A device at the end of a cable: the real core, its state as written to a disk, and the twin's reconciliation. */

import { millis, wallMillis } from "../../src/base/units.ts";
import { parseDurable } from "../../src/control/durable.ts";
import type { ButtonEdge, Request, SetRequest } from "../../src/control/input.ts";
import { type ControlState, start, step } from "../../src/control/step.ts";
import { toDurable } from "../../src/control/to-durable.ts";
import { inForce } from "../../src/control/twin/in-force.ts";
import type { Decision, TwinLink, TwinOutcome } from "../../src/control/twin/twin.ts";
import { afterReport, nextReport, startLink, takeDocument, takePatch } from "../../src/control/twin/twin.ts";
import { defaultSettings, type Settings } from "../../src/model/settings.ts";
import { type Edits, type Json, type Patch, type Sent, sortedText } from "./twin-cloud.ts";
import type { Memory, Name, Policy, Value } from "./twin-oracle.ts";
import { names, Oracle } from "./twin-oracle.ts";

export type Asked =
  | { readonly kind: "get"; readonly rid: number }
  | { readonly kind: "report"; readonly id: number; readonly patch: Patch; readonly edits: Edits };

interface Happening {
  readonly requests?: readonly Request[];
  readonly buttons?: readonly ButtonEdge[];
}

interface Written {
  readonly document: string;
  readonly memory: Memory;
}

const settingsOf = (policy: Policy): Partial<Settings> =>
  Object.fromEntries(
    Object.entries(policy).map(([name, wins]) => [
      `conflict${name.charAt(0).toUpperCase()}${name.slice(1)}`,
      wins,
    ]),
  );

export class TwinDevice {
  readonly oracle: Oracle;
  /** To the hub, in order. */
  outbox: Asked[] = [];
  readonly decisions: Decision[] = [];
  reports = 0;
  /** Times that the twin wanted something of the core. */
  requests = 0;
  link: TwinLink = startLink;
  readonly #settings: Settings;
  #state: ControlState;
  /** What the disk holds, and what it is still to write, the newest last. */
  #disk: Written;
  #writes: Written[] = [];
  #slow = false;
  #now = 1000;
  #wallOffset = 1_700_000_000_000;
  #rid = 0;
  #waiting = false;
  #askAgain = false;
  #underWay: { readonly id: number; readonly patch: Patch; readonly edits: Edits } | undefined;
  #connected = false;

  constructor(policy: Policy) {
    this.#settings = { ...defaultSettings, ...settingsOf(policy) };
    this.oracle = new Oracle(policy);
    this.#state = start(this.#settings, undefined, this.#conditions());
    this.#disk = this.#image();
    this.#step({});
  }

  #conditions() {
    return {
      nowMs: millis(this.#now),
      wallMs: wallMillis(this.#now + this.#wallOffset),
      firmware: "1.0.0",
    };
  }

  #image = (): Written => ({
    document: JSON.stringify(toDurable(this.#state)),
    memory: this.oracle.memory,
  });

  get picture() {
    return inForce(this.#state);
  }

  /** A document has been asked for and has not come. */
  get waiting(): boolean {
    return this.#waiting;
  }

  /** Nothing is asked for, under way, or still to be written. */
  get quiet(): boolean {
    return !this.#waiting && !this.#underWay && this.#writes.length === 0 && this.outbox.length === 0;
  }

  /** Somebody turns something at the device. */
  edit(name: Name, value: Value): void {
    this.oracle.deviceEdit(name, value);
    this.#step({ requests: [{ kind: "set", name, value, source: "device" } as SetRequest] });
    this.tell();
  }

  /** A real finger on a real button: half a degree. */
  press(button: "a" | "b"): void {
    const { value } = this.oracle.entry("targetTemperature");
    const moved = Number(value) * 2;
    const next = button === "b" ? Math.floor(moved) + 1 : Math.ceil(moved) - 1;
    if (next >= 10 && next <= 60) this.oracle.deviceEdit("targetTemperature", next / 2);
    this.#run({ buttons: [{ button, pressed: true, atMs: millis(this.#now) }] });
    this.#now += 20;
    this.#run({ buttons: [{ button, pressed: false, atMs: millis(this.#now) }] });
    this.#now += 20;
    this.#step({});
    this.tell();
  }

  disk(slow: boolean): void {
    this.#slow = slow;
    this.#write(slow ? 0 : this.#writes.length);
    this.tell();
  }

  #write(count: number): void {
    this.#disk = this.#writes.splice(0, count).at(-1) ?? this.#disk;
  }

  /** @param kept writes under way that reach the disk yet */
  crash(kept: number, wallBack: number): void {
    this.cut();
    this.#write(kept);
    this.#writes = [];
    this.#now += 1000;
    this.#wallOffset -= wallBack;
    const durable = parseDurable(JSON.parse(this.#disk.document));
    if (!durable) throw new Error("the device cannot read what it has written");
    this.#state = start(this.#settings, durable, this.#conditions());
    this.oracle.memory = this.#disk.memory;
    this.#step({});
  }

  connect(): void {
    this.cut();
    this.#connected = true;
    this.oracle.connect();
    this.get();
  }

  cut(): void {
    this.#connected = false;
    this.outbox = [];
    this.link = startLink;
    this.#underWay = undefined;
    this.#waiting = false;
    this.#askAgain = false;
  }

  /** One request for the twin at a time; an answer that never comes is asked for again. */
  get(): void {
    if (!this.#connected) return;
    if (this.#waiting) {
      this.#askAgain = true;
      return;
    }
    this.#waiting = true;
    this.outbox.push({ kind: "get", rid: ++this.#rid });
  }

  /** Whatever is waited for has not come in time. */
  timeOut(): void {
    if (this.#waiting) {
      this.#waiting = false;
      this.get();
    }
    if (this.#underWay) this.answered(this.#underWay.id, "failed");
  }

  take(sent: Sent): void {
    switch (sent.kind) {
      case "patch":
        this.oracle.patch(sent.patch, sent.version);
        this.#follow(takePatch(this.link, this.picture, sent.patch, sent.version));
        break;
      case "reported":
        this.answered(sent.id, "ok");
        break;
      case "document": {
        if (!this.#waiting || sent.rid !== this.#rid) break;
        this.#waiting = false;
        this.oracle.document(sent.document, sent.knows);
        this.#follow(takeDocument(this.link, this.picture, JSON.parse(sent.document)));
        if (this.#askAgain) {
          this.#askAgain = false;
          this.get();
        }
      }
    }
  }

  #follow(outcome: TwinOutcome): void {
    this.link = outcome.link;
    this.decisions.push(...outcome.decisions);
    if (outcome.requests.length > 0) {
      this.requests++;
      this.#step({ requests: outcome.requests });
    }
    if (outcome.getAgain) this.get();
    this.tell();
  }

  /** Tells the hub nothing that a power cut could still take back. */
  tell(): void {
    if (this.#writes.length > 0) return;
    const { link, report } = nextReport(this.link, this.picture, {
      firmwareVersion: "1.0.0",
      boostUntil: null,
    });
    this.link = link;
    if (report === undefined) return;
    if (this.#underWay) throw new Error("a second report while the first is under way");
    const id = ++this.reports;
    const { edits } = this.oracle;
    const told = new Map([...edits].filter(([name]) => Object.hasOwn(report, name)));
    const patch = JSON.parse(JSON.stringify(report)) as Record<string, Json>;
    this.#underWay = { id, patch: report as Patch, edits: told };
    this.outbox.push({ kind: "report", id, patch, edits: told });
  }

  /** What became of a report; one that is not waited for changes nothing. */
  answered(id: number, result: "ok" | "failed"): void {
    const waited = this.#underWay;
    if (waited?.id !== id) return;
    this.#underWay = undefined;
    if (result === "ok") this.oracle.confirmed(waited.edits);
    else this.oracle.unconfirmed();
    const { link, getAgain } = afterReport(this.link, waited.patch, result);
    this.link = link;
    if (getAgain) this.get();
    this.tell();
  }

  #step(what: Happening): void {
    this.#run(what);
    this.#compare();
  }

  #run(what: Happening): void {
    this.#now += 7;
    const before = this.#state.revision;
    const { state, events } = step(
      this.#state,
      {
        buttons: what.buttons ?? [],
        relayLine: false,
        requests: what.requests ?? [],
        link: "none",
        failing: [],
        wallMs: wallMillis(this.#now + this.#wallOffset),
      },
      millis(this.#now),
    );
    this.#state = state;
    const refused = events.find((event) => event.kind === "refused");
    if (refused) throw new Error(`the core refuses what was ruled: ${JSON.stringify(refused)}`);
    if (state.revision !== before) this.#writes.push(this.#image());
    if (!this.#slow) this.#write(this.#writes.length);
  }

  /** At every step, not only in the end: nothing may flap in between either. */
  #compare(): void {
    const { values } = this.picture;
    for (const name of names) {
      const expected = this.oracle.value(name);
      if (sortedText(values[name]) !== sortedText(expected)) {
        const found = JSON.stringify(values[name]);
        throw new Error(`${name}: ${found} is in force, and ${JSON.stringify(expected)} should be`);
      }
    }
  }
}
