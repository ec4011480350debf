/**
 * The content of a single device's page, from its status, its log and its front; changes are sent to the pages.
 *
 * Guarantee: memory is bounded; a device that does not answer is shown as disconnected, with its last values.
 */
import type { Clock } from "../../base/clock.ts";
import { equalJson } from "../../base/json/value.ts";
import type {
  DeviceDetail,
  DeviceSummary,
  HubInfo,
  PanelPress,
  StreamEvent,
} from "../../hub/page-server/api.ts";
import type { LogLine } from "../../hub/page-server/api-history.ts";
import type { FaultSimulation } from "../../hub/page-server/api-settings.ts";
import { Feed, type FeedSource } from "../../hub/page-server/feed.ts";
import { Panels } from "../../hub/page-server/unit/panels.ts";
import type { GuardianToHub } from "../front/messages.ts";
import { drawPanel } from "../front/picture.ts";
import type { LogEvent } from "../local-socket/log-feed.ts";
import type { DeviceStatus } from "../local-socket/messages.ts";
import { DeviceChanges } from "./device-changes.ts";
import { detailOf, type Known, readingsOf, summaryOf } from "./device-detail.ts";

export interface DeviceViewOptions {
  readonly id: string;
  readonly clock: Clock;
  readonly info: () => Pick<HubInfo, "unit" | "exposed" | "sealed">;
  readonly onPress: (press: PanelPress) => void;
  readonly onSimulate: (simulation: FaultSimulation) => void;
}

const maxLines = 200;

export class DeviceView implements FeedSource {
  readonly feed: Feed;
  readonly panels: Panels;
  readonly changes: DeviceChanges;
  readonly #options: DeviceViewOptions;
  readonly #startedMs: number;
  #lines: LogLine[] = [];
  #status: DeviceStatus | undefined;
  #statusAtMs = 0;
  #answers = false;
  #answersSinceMs: number | null = null;
  #revision = 0;

  constructor(options: DeviceViewOptions) {
    const { clock, id, onPress, onSimulate } = options;
    this.#options = options;
    this.#startedMs = clock.wallNow();
    this.feed = new Feed(clock);
    this.feed.source = this;
    this.panels = new Panels(clock, (deviceId, panel) =>
      this.feed.publish({ type: "panel", deviceId, panel }),
    );
    this.panels.onPress = (_id, press) => onPress(press);
    this.panels.onSimulate = (_id, simulation) => onSimulate(simulation);
    this.changes = new DeviceChanges(id, (event) => this.feed.publish({ type: "timeline", event }));
  }

  get id(): string {
    return this.#options.id;
  }

  get lines(): readonly LogLine[] {
    return this.#lines;
  }

  /** The last status received; its values may be old. */
  get status(): DeviceStatus | undefined {
    return this.#status;
  }

  info(): HubInfo {
    return {
      kind: "device",
      hubHost: "",
      idScope: "",
      startedMs: this.#startedMs,
      nowMs: this.#options.clock.wallNow(),
      devices: 1,
      connected: Number(this.#answers),
      ...this.#options.info(),
    };
  }

  summary(): DeviceSummary {
    return summaryOf(this.#known());
  }

  detail(): DeviceDetail {
    return detailOf(this.#known());
  }

  firstEvents(lastSeen: number): readonly StreamEvent[] {
    const missed = Number.isInteger(lastSeen) ? this.changes.after(lastSeen) : [];
    return [
      { type: "hello", hub: this.info(), devices: [this.summary()] },
      ...missed.map((event) => ({ type: "timeline", event }) as const),
    ];
  }

  /** @param status `undefined`: the device does not answer */
  takeStatus(status: DeviceStatus | undefined): void {
    const nowMs = this.#options.clock.wallNow();
    const answers = status !== undefined;
    const before = this.#status;
    if (answers !== this.#answers || this.#answersSinceMs === null) this.#answersSinceMs = nowMs;
    else if (!answers) return;
    this.#answers = answers;
    this.changes.take(status, nowMs);
    if (status !== undefined) {
      [this.#status, this.#statusAtMs] = [status, nowMs];
      const values = readingsOf(status);
      if (before === undefined || !equalJson(readingsOf(before), values))
        this.feed.publish({ type: "telemetry", deviceId: this.id, atMs: nowMs, values });
    }
    this.feed.changed(this.id, true);
  }

  beginLog(): void {
    this.#lines = [];
  }

  takeLog({ time, level, event, text }: LogEvent): void {
    const line: LogLine = { atMs: Date.parse(time) || 0, level, event, text };
    this.#lines.push(line);
    if (this.#lines.length > maxLines) this.#lines.shift();
    this.feed.publish({ type: "log", deviceId: this.id, line });
  }

  takeFront(message: GuardianToHub): void {
    this.panels.show(this.id, message.kind === "panel-shown" ? drawPanel(message) : undefined);
  }

  #known(): Known {
    this.#revision += 1;
    return {
      id: this.id,
      revision: this.#revision,
      status: this.#status,
      statusAtMs: this.#statusAtMs,
      answers: this.#answers,
      answersSinceMs: this.#answersSinceMs,
      panel: this.panels.of(this.id),
    };
  }
}
