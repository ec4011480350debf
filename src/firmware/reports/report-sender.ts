/**
 * Sends the error reports that the hub does not have yet.
 *
 * Guarantee: oldest first, one at a time, each with the same message id at every attempt, until the hub has acknowledged
 * it; then never again. While there is a link it checks for new reports once a minute; nothing waits for it.
 */
import type { Outcome, TelemetryMessage } from "../../azure/link/link.ts";
import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import { isoTime } from "../../base/iso-time.ts";
import { LatestWins } from "../../base/latest-wins.ts";
import type { Log } from "../../base/log.ts";
import { millis, minutes, wallMillis } from "../../base/units.ts";
import type { ReportValues } from "../../model/cloud-model.ts";
import { clockWasTrusted } from "./error-report.ts";
import type { KeptReport, ReportStore } from "./report-store.ts";

export interface ReportSenderOptions {
  readonly store: Pick<ReportStore, "list" | "markSent">;
  readonly send: (message: TelemetryMessage) => Promise<Outcome>;
  readonly clock: Clock;
  readonly log: Log;
}

const checkInterval = minutes(1);
/** Leaves room for telemetry: a hub accepts ten messages a second. */
const pause = millis(500);

export class ReportSender {
  readonly #options: ReportSenderOptions;
  readonly #runs = new LatestWins(() => this.#sendAll());
  #online = false;
  #cancelCheck: () => void = () => {};

  constructor(options: ReportSenderOptions) {
    this.#options = options;
  }

  setOnline(online: boolean): void {
    if (online === this.#online) return;
    this.#online = online;
    this.#cancelCheck();
    if (online) this.#check();
  }

  #check(): void {
    void this.#runs.wake();
    this.#cancelCheck = this.#options.clock.setTimer(checkInterval, () => this.#check());
  }

  /** Never rejects. */
  async #sendAll(): Promise<void> {
    const { store, send, clock, log } = this.#options;
    try {
      for (const kept of await store.list()) {
        if (kept.sent) continue;
        if (!this.#online || (await send(messageOfReport(kept))) !== "ok") return;
        await store.markSent(kept);
        await clock.sleep(pause);
      }
    } catch (error) {
      log.warn("report-not-marked", {
        cause: messageOf(error),
        now: "it may be sent again, with the same id",
      });
    }
  }
}

export function messageOfReport({ name, report, atMs }: KeptReport): TelemetryMessage {
  const { kind, code, detail, firmware, uptimeSeconds, heldBack, events } = report;
  const at = atMs === undefined ? "" : isoTime(atMs);
  const clockTrusted = clockWasTrusted(report);
  const lines = events.map(({ upMs, level, event, text }) => {
    const before = ((report.upMs - upMs) / 1000).toFixed(1);
    return `-${before}s ${level} ${event} ${text}`.trimEnd();
  });
  const values: ReportValues = {
    errorReport: {
      kind,
      code,
      detail,
      firmware,
      uptimeSeconds,
      at,
      clockTrusted,
      heldBack,
      events: lines.join("\n"),
    },
  };
  return {
    messageId: `report-${name.slice(0, 17)}`,
    body: JSON.stringify(values),
    createdMs: atMs === undefined ? undefined : wallMillis(atMs),
  };
}
