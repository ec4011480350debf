/**
 * Requests to the server as this unit, and what their failures mean.
 *
 * Guarantees: the token goes to the server's own origin alone, wherever a link leads; every failure is a
 * SourceError; a request without an answer fails after a minute.
 */
import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import { readJson, textMember } from "../../base/json/value.ts";
import { JsonDocument } from "../../base/schema/document.ts";
import type { Schema } from "../../base/schema/schema.ts";
import { minutes } from "../../base/units.ts";
import { SourceError, type SourceErrorCode } from "../source.ts";
import { DownloadError, sourceCodes } from "../transport/download-error.ts";
import { plainText } from "./attributes.ts";
import { BodyTooLarge, type Http, type HttpAnswer, type HttpRequest } from "./http.ts";
import type { HawkbitAccess } from "./options.ts";

const answerTimeout = minutes(1);
const [shortestRetryMs, longestRetryMs] = [1000, 24 * 3_600_000];

/** A request that the server refused, with its status: after 400 a report is sent again without details. */
export class RefusedRequest extends SourceError {
  readonly status: number;
  constructor(status: number, code: SourceErrorCode, reason: string, retryAfterMs: number | undefined) {
    super(code, reason, retryAfterMs === undefined ? {} : { retryAfterMs });
    this.status = status;
  }
}

export class DdiExchange {
  readonly #access: HawkbitAccess;
  readonly #http: Http;
  readonly #clock: Pick<Clock, "setTimer">;
  /** By resource: the last entity tag and its document. */
  readonly #known = new Map<
    string,
    { readonly etag: string; readonly href: string; readonly value: unknown }
  >();

  constructor(access: HawkbitAccess, http: Http, clock: Pick<Clock, "setTimer">) {
    this.#access = access;
    this.#http = http;
    this.#clock = clock;
  }

  /**
   * Reads a document; one that has not changed is not sent again.
   * @param slot the resource's name: one document of each is remembered
   * @throws SourceError
   */
  async read<T>(slot: string, href: string, schema: Schema<T>, signal: AbortSignal): Promise<T> {
    const url = this.#ownUrl(href);
    const known = this.#known.get(slot);
    const tag = known?.href === url.href ? known.etag : undefined;
    const headers = {
      Accept: "application/hal+json, application/json",
      ...(tag && { "If-None-Match": tag }),
    };
    const answer = await this.#send({ method: "GET", url, headers, signal });
    if (answer.status === 304 && tag !== undefined) return known?.value as T;
    if (answer.status !== 200) throw refusedBy(answer, url);
    const value = checkedValue(answer.body, schema, url);
    if (answer.etag === undefined) this.#known.delete(slot);
    else this.#known.set(slot, { etag: answer.etag.slice(0, 256), href: url.href, value });
    return value;
  }

  /** @throws SourceError: a RefusedRequest for an answer that is no success */
  async send(method: "PUT" | "POST", href: string, body: unknown, signal: AbortSignal): Promise<void> {
    const url = this.#ownUrl(href);
    const headers = { "Content-Type": "application/json", Accept: "application/hal+json, application/json" };
    const answer = await this.#send({ method, url, headers, body: JSON.stringify(body), signal });
    if (answer.status < 200 || answer.status > 299) throw refusedBy(answer, url);
  }

  #ownUrl(href: string): URL {
    const { base } = this.#access;
    const url = URL.canParse(href, base.href) ? new URL(href, base.href) : undefined;
    if (url?.origin === base.origin) return url;
    const reason =
      `the server at ${base.origin} links to ${url?.origin ?? "no address"}: ` +
      "its proxy must pass on its outer address (X-Forwarded-Host, -Proto and -Port)";
    throw new SourceError("invalid-answer", reason);
  }

  async #send(request: HttpRequest): Promise<HttpAnswer> {
    const late = new AbortController();
    const stop = this.#clock.setTimer(answerTimeout, () =>
      late.abort(
        new SourceError("unreachable", `${request.url.host} did not answer in ${answerTimeout / 1000} s`),
      ),
    );
    const { authorization } = this.#access;
    const headers = {
      "User-Agent": "grove-heater",
      ...request.headers,
      ...(authorization !== undefined && { Authorization: authorization }),
    };
    try {
      return await this.#http({
        ...request,
        headers,
        signal: AbortSignal.any([request.signal, late.signal]),
      });
    } catch (error) {
      request.signal.throwIfAborted();
      late.signal.throwIfAborted();
      throw asSourceError(error, request.url.host);
    } finally {
      stop();
    }
  }
}

function checkedValue<T>(text: string, schema: Schema<T>, url: URL): T {
  const document = JsonDocument.parse(text);
  if (!(document instanceof JsonDocument)) {
    throw new SourceError(
      "invalid-answer",
      `${url.host} did not answer in JSON: ${plainText(document.message, 200)}`,
    );
  }
  const value = document.read(schema);
  if (value !== undefined) return value;
  const [problem] = document.problems("its answer");
  const reason = `${url.host} did not answer as hawkBit does: ${plainText(problem?.message ?? "", 300)}`;
  throw new SourceError("invalid-answer", reason);
}

function asSourceError(error: unknown, host: string): SourceError {
  // Its message names the host already, and the proxy.
  if (error instanceof DownloadError)
    return new SourceError(sourceCodes[error.code], plainText(error.message, 400), { cause: error });
  const reason = `${host}: ${plainText(messageOf(error), 300)}`;
  const code = error instanceof BodyTooLarge ? "invalid-answer" : "unreachable";
  return new SourceError(code, reason, { cause: error });
}

function refusedBy(answer: HttpAnswer, url: URL): RefusedRequest {
  const { status } = answer;
  const detail = plainText(textMember(readJson(answer.body), "message") ?? "", 300);
  const { code, advice } = meaningOf(status);
  const reason = `${url.host} answered ${status}${detail === "" ? "" : ` (${detail})`}${advice}`;
  return new RefusedRequest(status, code, reason, retryAfter(answer));
}

function meaningOf(status: number): { readonly code: SourceErrorCode; readonly advice: string } {
  if (status === 401 || status === 403) {
    const advice =
      ": it does not know this unit or its token; check tenant, controller id and token, and that the server allows this kind of token";
    return { code: "not-allowed", advice };
  }
  if (status === 429) return { code: "too-many-requests", advice: "" };
  // 405: a cancellation that the server no longer expects.
  if ([404, 405, 409, 410].includes(status)) return { code: "gone", advice: "" };
  if (status === 408 || status >= 500) return { code: "unreachable", advice: "" };
  const advice = status >= 300 && status < 400 ? ": redirects are not followed; set the final address" : "";
  return { code: "invalid-answer", advice };
}

/** Seconds, or a date, counted from the server's own (RFC 9110, section 10.2.3). */
function retryAfter({ retryAfter: given, date }: HttpAnswer): number | undefined {
  if (given === undefined) return undefined;
  const ms = /^\d{1,9}$/.test(given) ? Number(given) * 1000 : Date.parse(given) - Date.parse(date ?? "");
  return Number.isNaN(ms) ? undefined : Math.min(longestRetryMs, Math.max(shortestRetryMs, ms));
}
