/**
 * Direct methods: calls a method on a connected device. A caller may wait for an offline device to connect.
 *
 * Guarantee: every call ends: by the answer, a timeout or the loss of the connection. Never throws.
 */
import type { Clock } from "../../base/clock.ts";
import { type Json, readJson } from "../../base/json/value.ts";
import { seconds } from "../../base/units.ts";
import type { Link, Links } from "./links.ts";
import { methodCall, methodCalls } from "./topics.ts";

export type MethodOutcome =
  | { readonly status: number; readonly payload: Json; readonly tookMs: number }
  | { readonly failed: "offline" | "timeout" | "malformed"; readonly why: string };

export const methodLimits = { payloadBytes: 128 * 1024, minSeconds: 1, maxSeconds: 300, defaultSeconds: 30 };

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
  /** Calls that wait for a device to connect and subscribe. */
  readonly #waiting = new Set<{ readonly deviceId: string; readonly resume: () => void }>();
  #next = 1;

  constructor(clock: Clock, links: Links) {
    this.#clock = clock;
    this.#links = links;
  }

  /** @param connectSeconds how long to wait for an offline device, before `timeoutSeconds` begins */
  async invoke(
    deviceId: string,
    name: string,
    payload: Json,
    timeoutSeconds = methodLimits.defaultSeconds,
    connectSeconds = 0,
  ): Promise<MethodOutcome> {
    const malformed = validateCall(name, payload, timeoutSeconds);
    if (malformed !== undefined) return { failed: "malformed", why: malformed };
    if (connectSeconds > 0 && !this.#isReachable(deviceId))
      await this.#untilReachable(deviceId, connectSeconds);
    return await this.#call(deviceId, name, payload, timeoutSeconds);
  }

  /** Call this when a device has connected or subscribed. */
  subscribed(deviceId: string): void {
    if (!this.#isReachable(deviceId)) return;
    for (const each of [...this.#waiting]) if (each.deviceId === deviceId) each.resume();
  }

  #isReachable(deviceId: string): boolean {
    const link = this.#links.get(deviceId);
    return link?.ready === true && link.subscriptions.has(methodCalls);
  }

  /** Resolves when the device has subscribed, or at the timeout. */
  #untilReachable(deviceId: string, withinSeconds: number): Promise<void> {
    return new Promise((resolve) => {
      const resume = () => {
        cancel();
        this.#waiting.delete(waiting);
        resolve();
      };
      const waiting = { deviceId, resume };
      const cancel = this.#clock.setTimer(seconds(withinSeconds), resume);
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
        finish({ failed: "offline", why: `${deviceId} has not subscribed to commands yet` });
      }
    });
  }

  /** An answer that comes too late or from another device is dropped. */
  answered(link: Link, rid: string, status: number, body: string): void {
    const call = this.#calls.get(rid);
    if (call === undefined || call.link.deviceId !== link.deviceId) return;
    call.finish({ status, payload: body.trim() === "" ? null : (readJson(body) ?? null), tookMs: 0 });
  }

  /** Call this when a connection closes: its calls fail at once. */
  dropped(link: Link): void {
    for (const call of [...this.#calls.values()]) {
      if (call.link !== link) continue;
      call.finish({ failed: "timeout", why: `${link.deviceId} disconnected before it answered` });
    }
  }
}

function validateCall(name: string, payload: Json, timeoutSeconds: number): string | undefined {
  const { payloadBytes, minSeconds: leastSeconds, maxSeconds } = methodLimits;
  if (!namePattern.test(name)) return "a method name has 1 to 128 letters, digits and _ - . * %";
  if (!(timeoutSeconds >= leastSeconds && timeoutSeconds <= maxSeconds)) {
    return `the timeout must be ${leastSeconds} to ${maxSeconds} s`;
  }
  const size = Buffer.byteLength(JSON.stringify(payload));
  return size > payloadBytes ? `the payload has ${size} bytes, more than ${payloadBytes}` : undefined;
}
