/**
 * The gate on look-ups: a name is itself a message to whoever answers for it.
 *
 * Guarantees: a name that the manifest does not name is not asked for, by no function of node:dns, dns.promises or a
 * Resolver; a server that answers look-ups is named by the system or by the manifest, not by a package. "localhost" and
 * addresses are always looked up, because for those nobody else is asked (RFC 6761, 6.3).
 */
import dns from "node:dns";
import { isIP } from "node:net";
import { checkConnection } from "../gate.ts";
import type { NetworkGrants } from "../manifest.ts";
import { type CapabilityError, lookupRefused } from "../refusal.ts";
import { gateMethod } from "./patch.ts";

export function gateNames(grants: NetworkGrants): (() => void)[] {
  const check = (name: unknown, method: string): CapabilityError | undefined => {
    const asked = typeof name === "string" ? name : "";
    if (method === "lookup" && (asked === "" || asked === "localhost" || isIP(asked) !== 0)) return undefined;
    return checkConnection(grants, asked) && lookupRefused(grants, asked);
  };
  const calling = (target: object) =>
    asking(target).map((method) =>
      gateMethod(target, method, (original, self, args) => {
        const answer = args.at(-1);
        const refused = typeof answer === "function" ? check(args[0], method) : undefined;
        if (refused === undefined) return Reflect.apply(original, self, args);
        process.nextTick(answer as (error: Error) => void, refused);
        return {};
      }),
    );
  const promising = (target: object) =>
    asking(target).map((method) =>
      gateMethod(target, method, (original, self, args) => {
        const refused = check(args[0], method);
        return refused === undefined ? Reflect.apply(original, self, args) : Promise.reject(refused);
      }),
    );
  return [
    ...[dns, dns.Resolver.prototype].flatMap(calling),
    ...[dns.promises, dns.promises.Resolver.prototype].flatMap(promising),
    ...[dns, dns.Resolver.prototype, dns.promises, dns.promises.Resolver.prototype].map((target) =>
      gateServers(target, grants),
    ),
  ];
}

/** lookup, lookupService, resolve, resolve4 and so on, reverse. */
const asking = (target: object): string[] =>
  Object.getOwnPropertyNames(target).filter(
    (name) => /^(lookup|resolve|reverse)/.test(name) && typeof Reflect.get(target, name) === "function",
  );

/** A chosen server gets every question, also one about a granted name. */
function gateServers(target: object, grants: NetworkGrants): () => void {
  return gateMethod(target, "setServers", (original, self, args) => {
    const servers = Array.isArray(args[0]) ? args[0].map(String) : [];
    for (const server of servers) {
      // As Node takes them: an address, "address:port" or "[address]:port".
      const [, bracketed, plain] = /^(?:\[(.*)\]|([\d.]+))(?::\d+)?$/.exec(server) ?? [];
      const refused = checkConnection(grants, bracketed ?? plain ?? server);
      if (refused) throw refused;
    }
    return Reflect.apply(original, self, args);
  });
}
