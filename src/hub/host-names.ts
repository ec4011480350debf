/**
 * Host names and addresses, and those of this hub.
 *
 * Guarantee: never throws. The hub's own addresses are read at each query, since they change.
 */
import { hostname, networkInterfaces } from "node:os";

/** Whether an address is reachable from this machine only. */
export const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);

/** Lower case, without port and brackets: `LocalHost:8883` and `[::1]:8883` are `localhost` and `::1`. */
export function bareHost(host: string): string {
  const [, bracketed, plain] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d{1,5})?$/.exec(host) ?? [];
  return (bracketed ?? plain ?? host).toLowerCase();
}

/** For URLs and `host:port`: an IPv6 address gets its brackets. */
const bracketed = (host: string): string => (host.includes(":") ? `[${host}]` : host);

/** With the port, unless it is the default: Azure clients use the whole text as the host name. */
export const withPort = (host: string, port: number, defaultPort?: number): string =>
  port === defaultPort ? bracketed(host) : `${bracketed(host)}:${port}`;

/** The names of the hub; a plain array fits too. */
export interface NameList {
  /** @param name lower case, without port */
  includes(name: string): boolean;
}

/** Listening on it accepts connections from all networks of this machine. */
export const anyAddress = "0.0.0.0";
const isAnyAddress = (host: string): boolean => host === anyAddress || host === "::";
/** Reachable as `localhost`, which 127.0.0.2 is not. */
const isStandardLoopback = (host: string): boolean => ["localhost", "127.0.0.1", "::1"].includes(host);

/** Suffixes of the names that routers give to machines at home. They cannot be registered publicly. */
const homeSuffixes = [".lan", ".home", ".home.arpa", ".internal", ".localdomain", ".fritz.box"];

/** This machine's name in the domain of a router. */
const isHomeName = (name: string): boolean =>
  homeSuffixes.some((suffix) => name === `${hostname()}${suffix}`.toLowerCase());

export class HostNames implements NameList {
  readonly #host: string;
  readonly #named: readonly string[];
  readonly #addresses: () => readonly string[];

  /**
   * @param host what the hub listens on
   * @param named further names from the configuration
   * @param addresses the current addresses of this machine
   */
  constructor(host: string, named: readonly string[] = [], addresses = ownAddresses) {
    this.#addresses = addresses;
    this.#host = bareHost(host);
    this.#named = [...new Set(named.map(bareHost))];
  }

  /** The name given to devices and services on this machine. */
  get advertised(): string {
    return isStandardLoopback(this.#host) || isAnyAddress(this.#host) ? "localhost" : this.#host;
  }

  /** The name shown to users: from another machine, `localhost` would be the wrong host. */
  get displayed(): string {
    if (!isAnyAddress(this.#host)) return this.advertised;
    return this.#named[0] ?? hostname();
  }

  /** Whether the configuration lists this name. */
  isNamed(name: string): boolean {
    return this.#named.includes(name);
  }

  includes(name: string): boolean {
    return this.all().includes(name) || (!isLoopback(this.#host) && isHomeName(name));
  }

  /** How other machines reach this one, the best first: configured names, its own by mDNS, its addresses. */
  reachable(): string[] {
    const names = [...this.#named, `${hostname()}.local`, ...this.#addresses()].map(bareHost);
    return [...new Set(names)].filter((name) => !isLoopback(name));
  }

  /** Every current name of this hub, in lower case. */
  all(): string[] {
    const own = hostname();
    const fixed = ["localhost", "127.0.0.1", "::1", own, `${own}.local`, this.#host, ...this.#named];
    const names = isLoopback(this.#host) ? fixed : [...fixed, ...this.#addresses()];
    return [...new Set(names.map(bareHost))].filter((name) => !isAnyAddress(name));
  }
}

/** Without link-local addresses: they need an interface name, which a certificate cannot hold. */
const ownAddresses = (): string[] =>
  Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .map(({ address }) => address)
    .filter((address) => !address.startsWith("fe80"));
