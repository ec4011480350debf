/**
 * Finds the HTTP proxy of a request, from the environment variables that curl and most programs use.
 *
 * Guarantee: no message contains a proxy's password.
 */
import { isIP } from "node:net";

export interface ProxySettings {
  /** For `https:` and for `http:` addresses: `http://[user:password@]host[:port]`. */
  readonly https: URL | undefined;
  readonly http: URL | undefined;
  /** Hosts that are reached directly: "host", ".domain", "host:port", "*". */
  readonly direct: readonly string[];
}

export const noProxy: ProxySettings = { https: undefined, http: undefined, direct: [] };

/**
 * HTTPS_PROXY, HTTP_PROXY and NO_PROXY, or their lower-case names, which take precedence.
 * @throws RangeError naming the variable when one is not the address of a proxy
 */
export function proxyOfEnvironment(env: Readonly<Record<string, string | undefined>>): ProxySettings {
  const value = (name: string): string | undefined => env[name.toLowerCase()] || env[name] || undefined;
  return {
    https: proxyUrl("HTTPS_PROXY", value("HTTPS_PROXY")),
    http: proxyUrl("HTTP_PROXY", value("HTTP_PROXY")),
    direct: (value("NO_PROXY") ?? "")
      .split(",")
      .map((entry) => entry.trim().toLowerCase())
      .filter(Boolean),
  };
}

/** @param name of the setting, for the message. @throws RangeError */
export function proxyUrl(name: string, text: string | undefined): URL | undefined {
  if (text === undefined) return undefined;
  const full = text.includes("://") ? text : `http://${text}`;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  const escapes = /%(?![0-9a-f]{2})/i;
  const isUsable = url && /^https?:$/.test(url.protocol) && !escapes.test(url.username + url.password);
  if (isUsable) return url;
  throw new RangeError(`${name} is not the address of a proxy: give one such as http://proxy.example:3128`);
}

/** @returns the proxy for `url`; `undefined` when its host is reached directly */
export function proxyFor(url: URL, settings: ProxySettings): URL | undefined {
  const proxy = url.protocol === "https:" ? settings.https : settings.http;
  if (proxy === undefined || isLoopback(url.hostname)) return undefined;
  return settings.direct.some((entry) => matches(entry, url)) ? undefined : proxy;
}

function matches(entry: string, url: URL): boolean {
  if (entry === "*") return true;
  const [, name = entry, port] = /^(.*?):(\d+)$/.exec(entry) ?? [];
  if (port !== undefined && port !== (url.port || (url.protocol === "https:" ? "443" : "80"))) return false;
  const domain = name.replace(/^\*?\./, "");
  return url.hostname === domain || (isIP(url.hostname) === 0 && url.hostname.endsWith(`.${domain}`));
}

const isLoopback = (host: string): boolean => /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(host);

/** `Proxy-Authorization` for the name and password in the proxy's address (RFC 7617). */
export function proxyHeaders({ username, password }: URL): Readonly<Record<string, string>> {
  if (username === "" && password === "") return {};
  const pair = `${unescaped(username)}:${unescaped(password)}`;
  return { "Proxy-Authorization": `Basic ${Buffer.from(pair).toString("base64")}` };
}

/** Any bytes: decodeURIComponent would reject invalid UTF-8. */
const unescaped = (text: string): string =>
  Buffer.from(
    text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    "latin1",
  ).toString();
