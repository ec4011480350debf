/**
 * Direct methods: a question to a connected device and its answer, or why there is none. A caller may give a device
 * that is away some time to come.
 *
 * Guarantee: every call ends, by the device's answer, its timeouts or the loss of the connection. Never throws.
 */
import type { Clock } from "../../base/clock.ts";
import { type Json, readJson } from "../../base/json/value.ts";
import { seconds } from "../../base/units.ts";
import type { Link, Links } from "./links.ts";
import { methodCall, methodCalls } from "./topics.ts";

export type MethodOutcome =
  | { readonly status: number; readonly payload: Json; readonly tookMs: number }
  | { readonly failed: "offline" | "timeout" | "malformed"; readonly why: string };

export const methodLimits = { payloadBytes: 128 * 1024, leastSeconds: 1, maxSeconds: 300, usualSeconds: 30 };

/** IoT Central writes a component's command as `component*command`. */
const namePattern = /^[A-Za-z0-9_\-.*%]{1,128}$/;

interface Call {
  readonly link: Link;
  readonly finish: (outcome: MethodOutcome) => void;
}

export class Methods {
  readonly #clock: Clock;
  readonly #links: Links;
  readonly #calls = new Map<string, Call>();
  /** Those who wait for a device to listen. */
  readonly #waiting = new Set<{ readonly deviceId: string; readonly arrive: () => void }>();
  #next = 1;

  constructor(clock: Clock, links: Links) {
    this.#clock = clock;
    this.#links = links;
  }

  /** @param connectSeconds how long to wait for a device that is away, before the time for its answer begins */
  async invoke(
    deviceId: string,
    name: string,
    payload: Json,
    timeoutSeconds = methodLimits.usualSeconds,
    connectSeconds = 0,
  ): Promise<MethodOutcome> {
    const malformed = validateCall(name, payload, timeoutSeconds);
    if (malformed !== undefined) return { failed: "malformed", why: malformed };
    if (connectSeconds > 0 && !this.#isListening(deviceId)) await this.#arrival(deviceId, connectSeconds);
    return await this.#call(deviceId, name, payload, timeoutSeconds);
  }

  /** A device has come, or listens to more than before. */
  listening(deviceId: string): void {
    if (!this.#isListening(deviceId)) return;
    for (const each of [...this.#waiting]) if (each.deviceId === deviceId) each.arrive();
  }

  #isListening(deviceId: string): boolean {
    const link = this.#links.get(deviceId);
    return link?.ready === true && link.subscriptions.has(methodCalls);
  }

  /** Resolves when the device listens, or the time is over. */
  #arrival(deviceId: string, withinSeconds: number): Promise<void> {
    return new Promise((resolve) => {
      const arrive = () => {
        cancel();
        this.#waiting.delete(waiting);
        resolve();
      };
      const waiting = { deviceId, arrive };
      const cancel = this.#clock.setTimer(seconds(withinSeconds), arrive);
      this.#waiting.add(waiting);
    });
  }

  #call(deviceId: string, name: string, payload: Json, timeoutSeconds: number): Promise<MethodOutcome> {
    const link = this.#links.get(deviceId);
    if (link === undefined) {
      return Promise.resolve({ failed: "offline", why: `${deviceId} is not connected` });
    }
    return new Promise((resolve) => {
      const rid = (this.#next++).toString(16);
      const startedMs = this.#clock.now();
      const cancel = this.#clock.setTimer(seconds(timeoutSeconds), () =>
        finish({ failed: "timeout", why: `${deviceId} did not answer within ${timeoutSeconds} s` }),
      );
      const finish = (outcome: MethodOutcome) => {
        cancel();
        this.#calls.delete(rid);
        const tookMs = this.#clock.now() - startedMs;
        resolve("failed" in outcome ? outcome : { ...outcome, tookMs });
      };
      this.#calls.set(rid, { link, finish });
      if (!link.send(methodCalls, methodCall(name, rid), JSON.stringify(payload))) {
        finish({ failed: "offline", why: `${deviceId} takes no commands yet` });
      }
    });
  }

  /** A device answered. An answer that nobody waits for any more, or from another device, is dropped. */
  answered(link: Link, rid: string, status: number, body: string): void {
    const call = this.#calls.get(rid);
    if (call === undefined || call.link.deviceId !== link.deviceId) return;
    call.finish({ status, payload: body.trim() === "" ? null : (readJson(body) ?? null), tookMs: 0 });
  }

  /** The connection is gone: whoever waits on it learns that now. */
  dropped(link: Link): void {
    for (const call of [...this.#calls.values()]) {
      if (call.link !== link) continue;
      call.finish({ failed: "timeout", why: `${link.deviceId} went away before it answered` });
    }
  }
}

function validateCall(name: string, payload: Json, timeoutSeconds: number): string | undefined {
  const { payloadBytes, leastSeconds, maxSeconds } = methodLimits;
  if (!namePattern.test(name)) return "a method name has 1 to 128 letters, digits and _ - . * %";
  if (!(timeoutSeconds >= leastSeconds && timeoutSeconds <= maxSeconds)) {
    return `the timeout must be ${leastSeconds} to ${maxSeconds} s`;
  }
  const size = Buffer.byteLength(JSON.stringify(payload));
  return size > payloadBytes ? `the payload has ${size} bytes, more than ${payloadBytes}` : undefined;
}
