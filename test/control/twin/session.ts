import { inForce } from "../../../src/control/twin/in-force.ts";
import type { TwinLink, TwinOutcome } from "../../../src/control/twin/twin.ts";
import {
  afterReport,
  nextReport,
  startLink,
  takeDocument,
  takePatch,
} from "../../../src/control/twin/twin.ts";
import type { Settings } from "../../../src/model/settings.ts";
import { Device } from "../device.ts";

export type Reported = Record<string, Record<string, unknown>>;

/** One device, one link, and reports that arrive at once. */
export class Session {
  readonly device: Device;
  link: TwinLink = startLink;
  reported: Record<string, unknown> = {};

  constructor(settings: Partial<Settings> = {}) {
    this.device = new Device(settings);
  }

  get picture() {
    return inForce(this.device.state);
  }

  #follow(outcome: TwinOutcome): TwinOutcome {
    this.link = outcome.link;
    this.device.step({ requests: outcome.requests });
    this.tell();
    return outcome;
  }

  tell(sections = {}): Record<string, unknown> | undefined {
    const { link, report } = nextReport(this.link, this.picture, sections);
    this.link = report === undefined ? link : afterReport(link, report, "ok").link;
    for (const [name, value] of Object.entries(report ?? {})) {
      if (value === null) delete this.reported[name];
      else this.reported[name] = value;
    }
    return report;
  }

  connect(version: number, desired: object): TwinOutcome {
    this.link = startLink;
    return this.get(version, desired);
  }

  get(version: number, desired: object): TwinOutcome {
    const document = {
      desired: { ...desired, $version: version },
      reported: { ...this.reported, $version: 3 },
    };
    return this.#follow(takeDocument(this.link, this.picture, document));
  }

  patch(version: number, patch: unknown): TwinOutcome {
    return this.#follow(takePatch(this.link, this.picture, patch, version));
  }

  press(button: "a" | "b"): void {
    this.device.press(button);
  }

  told(name: string) {
    return (this.reported as Reported)[name];
  }
}
