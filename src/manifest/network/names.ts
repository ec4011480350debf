/**
 * The gate on look-ups: a look-up can carry data to the DNS server of the name's domain.
 *
 * Guarantees: no function of node:dns, dns.promises or a Resolver looks up a name that the manifest does not
 * grant; only DNS servers that the system configures or the manifest grants are used. Look-ups of "localhost"
 * and of addresses are always allowed, because they send nothing (RFC 6761, 6.3).
 */
import dns from "node:dns";
import { isIP } from "node:net";
import { checkConnection } from "../gate.ts";
import type { NetworkGrants } from "../manifest.ts";
import { type CapabilityError, lookupRefused } from "../refusal.ts";
import { gateMethod } from "./patch.ts";

export function gateNames(grants: NetworkGrants): (() => void)[] {
  const check = (name: unknown, method: string): CapabilityError | undefined => {
    const requested = typeof name === "string" ? name : "";
    if (method === "lookup" && (requested === "" || requested === "localhost" || isIP(requested) !== 0))
      return undefined;
    return checkConnection(grants, requested) && lookupRefused(grants, requested);
  };
  const gateCallbacks = (target: object) =>
    lookupMethods(target).map((method) =>
      gateMethod(target, method, (original, self, args) => {
        const callback = args.at(-1);
        const refused = typeof callback === "function" ? check(args[0], method) : undefined;
        if (refused === undefined) return Reflect.apply(original, self, args);
        process.nextTick(callback as (error: Error) => void, refused);
        return {};
      }),
    );
  const gatePromises = (target: object) =>
    lookupMethods(target).map((method) =>
      gateMethod(target, method, (original, self, args) => {
        const refused = check(args[0], method);
        return refused === undefined ? Reflect.apply(original, self, args) : Promise.reject(refused);
      }),
    );
  return [
    ...[dns, dns.Resolver.prototype].flatMap(gateCallbacks),
    ...[dns.promises, dns.promises.Resolver.prototype].flatMap(gatePromises),
    ...[dns, dns.Resolver.prototype, dns.promises, dns.promises.Resolver.prototype].map((target) =>
      gateServers(target, grants),
    ),
  ];
}

/** lookup, lookupService, resolve, resolve4 and so on, reverse. */
const lookupMethods = (target: object): string[] =>
  Object.getOwnPropertyNames(target).filter(
    (name) => /^(lookup|resolve|reverse)/.test(name) && typeof Reflect.get(target, name) === "function",
  );

/** A server set here would receive every query, also those for granted names. */
function gateServers(target: object, grants: NetworkGrants): () => void {
  return gateMethod(target, "setServers", (original, self, args) => {
    const servers = Array.isArray(args[0]) ? args[0].map(String) : [];
    for (const server of servers) {
      // Formats that Node.js accepts: an address, "address:port" or "[address]:port".
      const [, bracketed, plain] = /^(?:\[(.*)\]|([\d.]+))(?::\d+)?$/.exec(server) ?? [];
      const refused = checkConnection(grants, bracketed ?? plain ?? server);
      if (refused) throw refused;
    }
    return Reflect.apply(original, self, args);
  });
}
