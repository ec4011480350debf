/**
 * One request over HTTP/1.1 and its answer: directly or through a proxy, with the owner's own authorities besides the
 * system's, and the unit's certificate for a server that requires one. Used for downloads and for hawkBit.
 *
 * Guarantees: only hosts that the app manifest grants are contacted, also through a proxy, which hides them from the
 * socket gate; the certificate is sent only to its own server. It neither follows redirects nor retries.
 */
import http, { type IncomingMessage, type RequestOptions } from "node:http";
import https from "node:https";
import { isIP } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls, rootCertificates } from "node:tls";
import { errnoOf, messageOf } from "../../base/errors.ts";
import { DownloadError } from "./download-error.ts";
import { type ProxySettings, proxyFor, proxyHeaders } from "./proxy.ts";

export interface HttpOptions {
  readonly proxy: ProxySettings;
  /** PEM of further authorities that may sign servers' certificates. */
  readonly authorities?: string | undefined;
  /** This unit's certificate, for one server. */
  readonly identity?: Identity | undefined;
  /** Why a host is not granted by the app manifest; `undefined` if it is. */
  readonly refusal: (host: string) => Error | undefined;
}

export interface Identity {
  /** Scheme, host and port. */
  readonly origin: string;
  readonly certPem: string;
  readonly keyPem: string;
}

export interface Exchange {
  readonly method?: "GET" | "PUT" | "POST";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly signal: AbortSignal;
}

interface Prepared extends Exchange {
  /** TLS options besides the server name. */
  readonly tls: Readonly<Record<string, string | string[]>>;
}

/** Resolves with the answer's head; its body is still to be read. @throws DownloadError, the signal's reason */
export async function exchange(outgoing: Exchange, options: HttpOptions): Promise<IncomingMessage> {
  const { url, body, signal } = outgoing;
  const refused = options.refusal(url.hostname.replace(/^\[|\]$/g, ""));
  if (refused) throw new DownloadError("not-granted", refused.message, { cause: refused });
  const proxy = proxyFor(url, options.proxy);
  const request = { ...outgoing, tls: tlsOf(url, options) };
  try {
    if (proxy === undefined) return await sendRequest(url, { ...optionsOf(request), agent: false }, body);
    if (url.protocol === "http:") return await sendRequest(proxy, throughProxy(request, proxy), body);
    const tunnel = await openTunnel(request, proxy);
    const createConnection = () =>
      connectTls({ ...request.tls, ...serverName(url), socket: tunnel, host: url.hostname });
    return await sendRequest(url, { ...optionsOf(request), createConnection }, body);
  } catch (error) {
    signal.throwIfAborted();
    throw asDownloadError(
      error,
      proxy === undefined ? url.host : `${url.host} through the proxy ${proxy.host}`,
    );
  }
}

const optionsOf = ({
  method = "GET",
  headers,
  signal,
  tls,
}: Prepared): RequestOptions & https.RequestOptions => ({ method, headers, signal, ...tls });

function tlsOf(url: URL, { authorities, identity }: HttpOptions): Prepared["tls"] {
  if (url.protocol !== "https:") return {};
  return {
    ...(authorities !== undefined && { ca: [...rootCertificates, authorities] }),
    ...(identity?.origin === url.origin && { cert: identity.certPem, key: identity.keyPem }),
  };
}

/** RFC 6066, section 3: no address as a server name. */
const serverName = ({ hostname }: URL): { readonly servername?: string } =>
  isIP(hostname.replace(/^\[|\]$/g, "")) === 0 ? { servername: hostname } : {};

/** RFC 9112, section 3.2.2: a proxy gets the whole URL. */
const throughProxy = ({ method = "GET", url, headers, signal }: Exchange, proxy: URL): RequestOptions => ({
  method,
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
        new DownloadError("unreachable", `${proxy.host} is not a proxy: it answered ${response.statusCode}`),
      );
    });
    request.on("error", reject);
    request.end();
  });
}

function sendRequest(url: URL, options: RequestOptions, body: string | undefined): Promise<IncomingMessage> {
  const request = moduleOf(url).request({ ...addressOf(url), ...options });
  return new Promise((resolve, reject) => {
    request.on("response", resolve);
    // Later errors are also errors of the body, which its reader handles.
    request.on("error", reject);
    request.end(body);
  });
}

/** Not the URL itself: Node.js would turn the proxy's user and password into an Authorization header, and fail for a
 * stray "%". */
const addressOf = ({ hostname, port, pathname, search }: URL): RequestOptions => ({
  hostname: hostname.replace(/^\[|\]$/g, ""),
  ...(port !== "" && { port }),
  path: `${pathname}${search}`,
});

const moduleOf = ({ protocol }: URL): typeof http | typeof https => (protocol === "https:" ? https : http);

/** @param peer for the message: without the query, which may hold a token */
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
