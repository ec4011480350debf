/**
 * Folder transport/: opens a document on a web server or in a folder, for reading from any offset.
 *
 * Guarantees: those of http-exchange.ts, also after a redirect; an assignment's headers go only to its own host; after
 * `https:` nothing is sent in clear text; chunks begin at the offset `from`.
 */
import type { IncomingMessage } from "node:http";
import { DownloadError } from "./download-error.ts";
import { openFileSource } from "./file-source.ts";
import { asDownloadError, exchange, type HttpOptions } from "./http-exchange.ts";
import type { Opened, OpenRequest, Transport } from "./open.ts";

const maxRedirects = 5;
const [shortestWaitMs, longestWaitMs] = [1000, 24 * 3_600_000];

export function systemTransport(options: HttpOptions): Transport {
  return {
    async open(request) {
      const url = parseUrl(request.url);
      return url.protocol === "file:" ? openFileSource(url, request) : openHttp(url, request, options);
    },
  };
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && ["https:", "http:", "file:"].includes(url.protocol) && url.username + url.password === "")
    return url;
  throw new DownloadError(
    "invalid-answer",
    "the address is none of https:, http: and file:, or has a password in it",
  );
}

async function openHttp(first: URL, request: OpenRequest, options: HttpOptions): Promise<Opened> {
  let url = first;
  for (let redirects = 0; ; redirects++) {
    const headers = headersFor(url, first, request);
    const answer = await exchange({ url, headers, signal: request.signal }, options);
    const to = isRedirect(answer) ? answer.headers.location : undefined;
    if (to === undefined) return await openedFrom(answer, url, request, options);
    answer.destroy();
    if (redirects >= maxRedirects)
      throw new DownloadError("redirect", `${first.host}: more than ${maxRedirects} redirects`);
    url = redirected(url, to);
  }
}

const isRedirect = ({ statusCode = 0 }: IncomingMessage): boolean =>
  [301, 302, 303, 307, 308].includes(statusCode);

/** The content is signed, so another host may deliver it, but not in clear text after an encrypted connection. */
function redirected(from: URL, to: string): URL {
  const url = URL.canParse(to, from.href) ? new URL(to, from) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username + url.password !== "")
    throw new DownloadError("redirect", `${from.host} redirects to an invalid web address`);
  if (from.protocol === "https:" && url.protocol === "http:")
    throw new DownloadError("redirect", `${from.host} redirects from https: to http://${url.host}`);
  return url;
}

function headersFor(url: URL, first: URL, { headers, from, etag }: OpenRequest): Record<string, string> {
  return {
    "User-Agent": "grove-heater",
    // Otherwise the bytes are not those that were counted and hashed.
    "Accept-Encoding": "identity",
    ...(url.origin === first.origin && headers),
    ...(from > 0 && { Range: `bytes=${from}-` }),
    ...(from > 0 && etag !== undefined && { "If-Range": etag }),
  };
}

async function openedFrom(
  answer: IncomingMessage,
  url: URL,
  request: OpenRequest,
  options: HttpOptions,
): Promise<Opened> {
  const { statusCode = 0 } = answer;
  try {
    if (statusCode === 200 || statusCode === 206) return readable(answer, url, request);
    if (statusCode !== 416 || request.from === 0) throw refusedBy(answer, url);
  } catch (error) {
    answer.destroy();
    throw error;
  }
  // The partial file does not match the server's document (RFC 9110, section 15.5.17): download all of it.
  answer.destroy();
  return openHttp(new URL(request.url), { ...request, from: 0, etag: undefined }, options);
}

function readable(answer: IncomingMessage, url: URL, { from }: OpenRequest): Opened {
  const encoding = answer.headers["content-encoding"] ?? "identity";
  if (encoding !== "identity")
    throw new DownloadError("invalid-answer", `${url.host} sent it in ${encoding.slice(0, 40)}`);
  const length = wholeNumber(answer.headers["content-length"]);
  const range = answer.statusCode === 206 ? rangeOf(answer, url, from) : { from: 0, size: length };
  return {
    ...range,
    etag: strongTag(answer.headers.etag),
    chunks: bodyOf(answer, url),
    close: () => void answer.destroy(),
  };
}

/** RFC 9110, section 14.4. */
function rangeOf(answer: IncomingMessage, url: URL, requested: number): Pick<Opened, "from" | "size"> {
  const [, from, size] =
    /^bytes (\d{1,15})-\d{1,15}\/(\d{1,15}|\*)$/.exec(answer.headers["content-range"] ?? "") ?? [];
  if (requested > 0 && Number(from) === requested)
    return { from: requested, size: size === "*" ? undefined : Number(size) };
  throw new DownloadError("invalid-answer", `${url.host} sent another range than requested`);
}

/** RFC 9110, section 8.8.3: a weak tag does not identify the bytes. */
const strongTag = (tag: string | undefined): string | undefined =>
  tag !== undefined && /^"[\x21\x23-\x7e]{0,200}"$/.test(tag) ? tag : undefined;

const wholeNumber = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;

async function* bodyOf(answer: IncomingMessage, url: URL): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of answer) yield chunk as Buffer;
  } catch (error) {
    throw asDownloadError(error, url.host);
  }
}

function refusedBy(answer: IncomingMessage, url: URL): DownloadError {
  const { statusCode = 0 } = answer;
  const again = retryAfter(answer);
  const options = again === undefined ? {} : { retryAfterMs: again };
  const message = `${url.host} answered ${statusCode}`;
  if (statusCode === 401 || statusCode === 403) return new DownloadError("not-allowed", message);
  if (statusCode === 407)
    return new DownloadError("not-allowed", `the proxy before ${url.host} requires a password`);
  if (statusCode === 404 || statusCode === 410) return new DownloadError("gone", message);
  if (statusCode === 429) return new DownloadError("too-many-requests", message, options);
  if (statusCode >= 500 || statusCode === 408) return new DownloadError("unreachable", message, options);
  return new DownloadError("invalid-answer", message);
}

/** Seconds, or a date relative to the server's own (RFC 9110, section 10.2.3). */
function retryAfter({ headers }: IncomingMessage): number | undefined {
  const given = headers["retry-after"];
  const seconds = wholeNumber(given) ?? (Date.parse(given ?? "") - Date.parse(headers.date ?? "")) / 1000;
  return Number.isNaN(seconds)
    ? undefined
    : Math.min(longestWaitMs, Math.max(shortestWaitMs, seconds * 1000));
}
