/**
 * Delivers one alert over HTTP.
 *
 * Guarantees: bounded in time; only the head of an answer is read, whose size Node.js limits; no redirect is
 * followed, because a token must not go to another host; never throws, and a result contains no part of the
 * address but its host.
 */
import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import { hours, type Millis, seconds } from "../../base/units.ts";
import { checkConnection } from "../../manifest/gate.ts";
import type { Manifest } from "../../manifest/manifest.ts";
import { DownloadError } from "../../update/transport/download-error.ts";
import { exchange, type HttpOptions } from "../../update/transport/http-exchange.ts";
import { proxyOfEnvironment } from "../../update/transport/proxy.ts";
import type { AlertSettings } from "./alert-file.ts";
import type { AlertRequest } from "./request.ts";

export type Delivery =
  | { readonly kind: "delivered" }
  /** Try again. */
  | {
      readonly kind: "later";
      readonly reason: string;
      /** A person must change something. */
      readonly forPerson: boolean;
      readonly retryAfterMs?: number;
    }
  /** The server will never take this message. */
  | { readonly kind: "refused"; readonly reason: string };

export interface DeliverOptions {
  readonly settings: Pick<AlertSettings, "url" | "caPem">;
  readonly manifest: Pick<Manifest, "connections">;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Pick<Clock, "setTimer">;
  /** Until the answer's head is here. */
  readonly timeLimit?: Millis;
}

export type Deliver = (request: AlertRequest) => Promise<Delivery>;

const defaultLimit = seconds(20);
const longestRetryAfter = hours(1);
/** Client errors that concern this message alone (RFC 9110, section 15.5). */
const refusals: readonly number[] = [400, 413, 422];
/** Temporary client errors. */
const temporary: readonly number[] = [408, 425, 429];

/** @throws RangeError naming the variable of an invalid proxy */
export function deliverer({
  settings,
  manifest,
  env,
  clock,
  timeLimit = defaultLimit,
}: DeliverOptions): Deliver {
  const { url, caPem } = settings;
  const http: HttpOptions = {
    proxy: proxyOfEnvironment(env),
    authorities: caPem,
    refusal: (host) => checkConnection(manifest, host),
  };
  return async ({ headers, body }) => {
    const abort = new AbortController();
    const tooLate = new DownloadError("unreachable", `${url.host} did not answer in ${timeLimit / 1000} s`);
    const cancel = clock.setTimer(timeLimit, () => abort.abort(tooLate));
    try {
      const answer = await exchange({ method: "POST", url, headers, body, signal: abort.signal }, http);
      const { statusCode = 0, headers: given } = answer;
      // A later error of the body is of no interest.
      answer.on("error", () => {}).destroy();
      return outcomeOf(statusCode, url.host, given["retry-after"]);
    } catch (error) {
      return failed(error);
    } finally {
      cancel();
    }
  };
}

function outcomeOf(status: number, host: string, retryAfter: string | undefined): Delivery {
  const reason = `${host} answered ${status}`;
  if (status >= 200 && status < 300) return { kind: "delivered" };
  if (refusals.includes(status)) return { kind: "refused", reason };
  if (status >= 300 && status < 400) {
    const advice = "it redirects, which alerts do not follow: put the final address into alerts.json";
    return { kind: "later", reason: `${reason}: ${advice}`, forPerson: true };
  }
  const forPerson = status < 500 && !temporary.includes(status);
  const seconds = /^\d{1,6}$/.test(retryAfter ?? "") ? Number(retryAfter) : undefined;
  return {
    kind: "later",
    reason,
    forPerson,
    ...(seconds !== undefined && { retryAfterMs: Math.min(longestRetryAfter, seconds * 1000) }),
  };
}

function failed(error: unknown): Delivery {
  const isExpected = error instanceof DownloadError;
  const forPerson = isExpected && !error.isTemporary;
  return { kind: "later", reason: messageOf(error), forPerson };
}
