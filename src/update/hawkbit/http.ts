/**
 * One small exchange over HTTP/1.1.
 *
 * Guarantees: bounded in bytes; redirects are not followed, which would hand the token on; ends with its signal.
 */
import { type ClientRequest, type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { rootCertificates } from "node:tls";
import type { HawkbitAccess } from "./options.ts";

export interface HttpRequest {
  readonly method: "GET" | "PUT" | "POST";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  readonly etag: string | undefined;
  readonly retryAfter: string | undefined;
  readonly date: string | undefined;
  readonly body: string;
}

/** Rejects with the system's error, BodyTooLarge, or the signal's reason. */
export type Http = (request: HttpRequest) => Promise<HttpAnswer>;

export class BodyTooLarge extends Error {}

const maxBodyBytes = 256 * 1024;

/**
 * @param refusal why a host may not be asked: the app manifest's answer
 */
export function systemHttp(
  { caPem, identity }: Pick<HawkbitAccess, "caPem" | "identity">,
  refusal: (host: string) => Error | undefined,
): Http {
  const tls = {
    minVersion: "TLSv1.2" as const,
    ...(caPem !== undefined && { ca: [...rootCertificates, caPem] }),
    ...(identity !== undefined && { cert: identity.certPem, key: identity.keyPem }),
  };
  return async ({ method, url, headers, body, signal }) => {
    signal.throwIfAborted();
    const refused = refusal(url.hostname.replace(/^\[|\]$/g, ""));
    if (refused) throw refused;
    const length = body === undefined ? {} : { "Content-Length": String(Buffer.byteLength(body)) };
    const options = { method, headers: { ...headers, ...length }, agent: false, signal };
    const sent =
      url.protocol === "https:" ? requestHttps(url, { ...options, ...tls }) : requestHttp(url, options);
    const response = await answerTo(sent, body);
    return {
      status: response.statusCode ?? 0,
      etag: response.headers.etag,
      retryAfter: response.headers["retry-after"],
      date: response.headers.date,
      body: await textOf(response),
    };
  };
}

function answerTo(request: ClientRequest, body: string | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.on("response", resolve);
    // Stays, for errors that come after the answer.
    request.on("error", reject);
    request.end(body);
  });
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBodyBytes) {
      response.destroy();
      throw new BodyTooLarge(`the answer has more than ${maxBodyBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
