/**
 * Sends one small request to a server, with the client that downloads use too.
 *
 * Guarantees: bounded in bytes; redirects are not followed, since they would pass the token on; ends when its signal
 * is aborted.
 */
import type { IncomingMessage } from "node:http";
import { asDownloadError, exchange, type HttpOptions } from "../transport/http-exchange.ts";

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

/** Rejects with DownloadError, BodyTooLarge, or the signal's reason. */
export type Http = (request: HttpRequest) => Promise<HttpAnswer>;

export class BodyTooLarge extends Error {}

const maxBodyBytes = 256 * 1024;

export const systemHttp =
  (options: HttpOptions): Http =>
  async (request) => {
    request.signal.throwIfAborted();
    const { body } = request;
    const length = body === undefined ? {} : { "Content-Length": String(Buffer.byteLength(body)) };
    const response = await exchange({ ...request, headers: { ...request.headers, ...length } }, options);
    return {
      status: response.statusCode ?? 0,
      etag: response.headers.etag,
      retryAfter: response.headers["retry-after"],
      date: response.headers.date,
      body: await textOf(response).catch((error: unknown) => {
        throw asDownloadError(error, request.url.host);
      }),
    };
  };

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
