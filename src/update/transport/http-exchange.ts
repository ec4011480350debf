/**
 * One request over HTTP/1.1 and its answer: directly or through a proxy, with the owner's own authorities beside the
 * system's. Nothing here follows a redirect or tries again.
 */
import http, { type IncomingMessage, type RequestOptions } from "node:http";
import https from "node:https";
import { isIP } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls, rootCertificates } from "node:tls";
import { errnoOf, messageOf } from "../../base/errors.ts";
import { DownloadError } from "./download-error.ts";
import { proxyHeaders } from "./proxy.ts";

export interface Exchange {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly proxy: URL | undefined;
  /** PEM of further authorities that servers may be certified by. */
  readonly authorities: string | undefined;
  readonly signal: AbortSignal;
}

/** Resolves with the answer's head; its body is still to be read. @throws DownloadError, the signal's reason */
export async function exchange(request: Exchange): Promise<IncomingMessage> {
  const { url, proxy, signal } = request;
  try {
    if (proxy === undefined) return await sent(url, { ...optionsOf(request), agent: false });
    if (url.protocol === "http:") return await sent(proxy, throughProxy(request, proxy));
    const tunnel = await openTunnel(request, proxy);
    return await sent(url, {
      ...optionsOf(request),
      createConnection: () => connectTls({ ...tlsOptions(request), socket: tunnel, host: url.hostname }),
    });
  } catch (error) {
    signal.throwIfAborted();
    throw asDownloadError(
      error,
      proxy === undefined ? url.host : `${url.host} through the proxy ${proxy.host}`,
    );
  }
}

const optionsOf = ({
  url,
  headers,
  signal,
  authorities,
}: Exchange): RequestOptions & https.RequestOptions => ({
  method: "GET",
  headers,
  signal,
  ...(url.protocol === "https:" && authoritiesOption(authorities)),
});

const authoritiesOption = (authorities: string | undefined) =>
  authorities === undefined ? {} : { ca: [...rootCertificates, authorities] };

const tlsOptions = ({ url, authorities }: Exchange) => ({
  ...authoritiesOption(authorities),
  // RFC 6066, section 3: no address as a server name.
  ...(isIP(url.hostname.replace(/^\[|\]$/g, "")) === 0 && { servername: url.hostname }),
});

/** RFC 9112, section 3.2.2: to a proxy the whole address. */
const throughProxy = ({ url, headers, signal }: Exchange, proxy: URL): RequestOptions => ({
  method: "GET",
  path: url.href,
  headers: { ...headers, ...proxyHeaders(proxy), Host: url.host },
  signal,
  agent: false,
});

/** RFC 9110, section 9.3.6. */
function openTunnel({ url, signal }: Exchange, proxy: URL): Promise<Duplex> {
  const target = `${url.hostname}:${url.port || 443}`;
  const request = moduleOf(proxy).request({
    ...addressOf(proxy),
    method: "CONNECT",
    path: target,
    headers: { ...proxyHeaders(proxy), Host: target },
    signal,
    agent: false,
  });
  return new Promise((resolve, reject) => {
    request.on("connect", ({ statusCode = 0 }: IncomingMessage, socket: Duplex) => {
      if (statusCode === 200) return resolve(socket);
      socket.destroy();
      const code = statusCode === 407 || statusCode === 403 ? "not-allowed" : "unreachable";
      reject(new DownloadError(code, `the proxy ${proxy.host} answered ${statusCode}`));
    });
    request.on("response", (response: IncomingMessage) => {
      response.destroy();
      reject(
        new DownloadError("unreachable", `${proxy.host} is no proxy: it answered ${response.statusCode}`),
      );
    });
    request.on("error", reject);
    request.end();
  });
}

function sent(url: URL, options: RequestOptions): Promise<IncomingMessage> {
  const request = moduleOf(url).request({ ...addressOf(url), ...options });
  return new Promise((resolve, reject) => {
    request.on("response", resolve);
    // Later ones are those of the body too, whose reader has them.
    request.on("error", reject);
    request.end();
  });
}

/** Not the URL itself: Node.js would make an Authorization of what is in a proxy's, and fail for a stray "%". */
const addressOf = ({ hostname, port, pathname, search }: URL): RequestOptions => ({
  hostname: hostname.replace(/^\[|\]$/g, ""),
  ...(port !== "" && { port }),
  path: `${pathname}${search}`,
});

const moduleOf = ({ protocol }: URL): typeof http | typeof https => (protocol === "https:" ? https : http);

/** @param peer for the message: never an address with its query, which may hold a token */
export function asDownloadError(error: unknown, peer: string): unknown {
  if (error instanceof DownloadError) return error;
  const code = errnoOf(error);
  if (code === "EPERM") return new DownloadError("not-granted", messageOf(error), { cause: error });
  const reason = `${peer}: ${messageOf(error)}`;
  if (code !== undefined && /CERT|SELF_SIGNED|ISSUER|ALTNAME|LEAF_SIGNATURE|CRL/.test(code)) {
    const advice = 'set "caFile" to the certificate of its authority, or correct the clock';
    return new DownloadError("not-trusted", `${reason} (${code}): ${advice}`, { cause: error });
  }
  if (code?.startsWith("HPE_")) return new DownloadError("invalid-answer", reason, { cause: error });
  return code === undefined ? error : new DownloadError("unreachable", reason, { cause: error });
}
