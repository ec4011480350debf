/** A small real web server on 127.0.0.1 that serves one document in every wrong way. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface WebServer {
  readonly url: string;
  /** Newest last. */
  readonly requests: readonly IncomingMessage[];
  /** What answers from now on. */
  answer: Answer;
  close(): Promise<void>;
}

export async function webServer(answer: Answer): Promise<WebServer> {
  const requests: IncomingMessage[] = [];
  const server: Server = createServer((request, response) => {
    requests.push(request);
    served.answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const served: WebServer = {
    url: `http://127.0.0.1:${port}`,
    requests,
    answer,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return served;
}

export interface DocumentOptions {
  readonly etag?: string;
  /** Closes the connection after so many bytes. */
  readonly breakAfter?: number;
  /** Answers a range with all of it. */
  readonly ignoreRange?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Serves it as RFC 9110 says: Range, If-Range, 206, 416. */
export const documentOf =
  (bytes: Buffer, { etag, breakAfter, ignoreRange = false, headers = {} }: DocumentOptions = {}): Answer =>
  (request, response) => {
    const tag = etag === undefined ? {} : { ETag: etag };
    const condition = request.headers["if-range"];
    const asked = /^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1];
    const from = ignoreRange || (condition !== undefined && condition !== etag) ? 0 : Number(asked ?? 0);
    if (from > 0 && from >= bytes.length) {
      response.writeHead(416, { "Content-Range": `bytes */${bytes.length}` }).end();
      return;
    }
    const body = bytes.subarray(from);
    const range = from > 0 ? { "Content-Range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` } : {};
    response.writeHead(from > 0 ? 206 : 200, { "Content-Length": body.length, ...tag, ...range, ...headers });
    if (breakAfter === undefined || breakAfter >= body.length) response.end(body);
    else if (breakAfter === 0) {
      response.flushHeaders();
      setImmediate(() => response.destroy());
    } else response.write(body.subarray(0, breakAfter), () => response.destroy());
  };
