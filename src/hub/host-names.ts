/**
 * Names and addresses of hosts, and those under which this hub is reached.
 *
 * Guarantee: never throws. What the hub takes for its own name is judged when it is asked: addresses come and go.
 */
import { hostname, networkInterfaces } from "node:os";

/** Whether an address reaches this machine alone. */
export const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);

/** Lower case, without port and brackets: `LocalHost:8883` and `[::1]:8883` are `localhost` and `::1`. */
export function bareHost(host: string): string {
  const [, bracketed, plain] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d{1,5})?$/.exec(host) ?? [];
  return (bracketed ?? plain ?? host).toLowerCase();
}

/** For URLs and `host:port`: an IPv6 address gets its brackets. */
const bracketed = (host: string): string => (host.includes(":") ? `[${host}]` : host);

/** With the port, unless that is the one that goes without saying: clients of Azure take the whole for a host. */
export const withPort = (host: string, port: number, usual?: number): string =>
  port === usual ? bracketed(host) : `${bracketed(host)}:${port}`;

/** What tells whether a name is the hub's; a list of names does as well. */
export interface KnownNames {
  /** @param name lower case, without port */
  includes(name: string): boolean;
}

const isAnyAddress = (host: string): boolean => host === "0.0.0.0" || host === "::";
/** Reached by the name `localhost`; 127.0.0.2 for one is not. */
const isUsualLoopback = (host: string): boolean => ["localhost", "127.0.0.1", "::1"].includes(host);

export class HostNames implements KnownNames {
  readonly #host: string;
  readonly #named: readonly string[];
  readonly #addresses: () => readonly string[];

  /**
   * @param host what the hub listens on
   * @param named more names that people gave it
   * @param addresses those that this machine has now
   */
  constructor(host: string, named: readonly string[] = [], addresses = ownAddresses) {
    this.#addresses = addresses;
    this.#host = bareHost(host);
    this.#named = [...new Set(named.map(bareHost))];
  }

  /** The name that devices and services of this machine are told. */
  get told(): string {
    return isUsualLoopback(this.#host) || isAnyAddress(this.#host) ? "localhost" : this.#host;
  }

  /** The name that people are told: from elsewhere a name that means "here" is of no use. */
  get shown(): string {
    if (!isAnyAddress(this.#host)) return this.told;
    return this.#named[0] ?? hostname();
  }

  /** Whether people gave it this name. */
  isNamed(name: string): boolean {
    return this.#named.includes(name);
  }

  includes(name: string): boolean {
    return this.all().includes(name);
  }

  /** Every name under which devices and people reach this hub now, lower case. */
  all(): string[] {
    const own = hostname();
    const fixed = ["localhost", "127.0.0.1", "::1", own, `${own}.local`, this.#host, ...this.#named];
    const names = isLoopback(this.#host) ? fixed : [...fixed, ...this.#addresses()];
    return [...new Set(names.map(bareHost))].filter((name) => !isAnyAddress(name));
  }
}

/** Link-local addresses need the name of an interface beside them, which a certificate cannot hold. */
const ownAddresses = (): string[] =>
  Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .map(({ address }) => address)
    .filter((address) => !address.startsWith("fe80"));
