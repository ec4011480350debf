/**
 * nftables rules for the service's user. They limit what the gate cannot see (a native add-on, a program that
 * a package starts) to what the manifest grants, as far as the packet filter can tell.
 *
 * Guarantees: connections to granted addresses are allowed; if names are granted, also to the ports of Azure,
 * and to DNS. Machines on the local network can only be reached if their address, or any local name, is
 * granted. Loopback, and answers to clients of a granted port, are allowed. Other users' traffic is not
 * affected. Loading the rules again replaces them.
 *
 * Limitation: packets contain no names and the addresses of names change, so port 443 of any other host is
 * allowed too.
 */
import type { Manifest } from "./manifest.ts";

/** MQTT over TLS, and HTTPS. */
const azurePorts = [443, 8883];
/** RFC 1918, RFC 3927, RFC 6598; RFC 4193, RFC 4291. */
const localNetworks = {
  ip: ["10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"],
  ip6: ["fc00::/7", "fe80::/10"],
};

/** An address, not a name. */
export const isAddress = (host: string): boolean => host.includes(":") || /^[0-9.]+$/.test(host);

/** Names that are resolved on the local network: RFC 6762, RFC 8375, RFC 9476 and what routers use. */
const isLocalName = (host: string): boolean =>
  !host.includes(".") || /\.(local|lan|home|internal|home\.arpa)$/.test(host);

/** Text of a file for `nft -f`, nftables 0.9.4 or later. The service's user must exist when it is loaded. */
export function nftables({ name, connections }: Pick<Manifest, "name" | "connections">): string {
  const table = `inet ${name.replaceAll(/[^A-Za-z0-9]/g, "_")}`;
  const names = connections.filter((host) => !isAddress(host) && host !== "localhost");
  const addresses = connections.filter(isAddress);
  const [v4, v6] = [
    addresses.filter((host) => !host.includes(":")),
    addresses.filter((host) => host.includes(":")),
  ];
  const refuse = "reject with icmpx type admin-prohibited";
  const rules = [
    "type filter hook output priority 0; policy accept",
    `meta skuid != "${name}" return`,
    "oif lo accept",
    "ct state established,related accept",
    ...(v4.length > 0 ? [`ip daddr { ${v4.join(", ")} } accept`] : []),
    ...(v6.length > 0 ? [`ip6 daddr { ${v6.join(", ")} } accept`] : []),
    ...(names.length > 0 ? ["meta l4proto { tcp, udp } th dport 53 accept"] : []),
    ...Object.entries(localNetworks).map(
      ([family, ranges]) =>
        `${family} daddr { ${ranges.join(", ")} } ${names.some(isLocalName) ? "accept" : refuse}`,
    ),
    ...(names.length > 0 ? [`tcp dport { ${azurePorts.join(", ")} } accept`] : []),
    refuse,
  ];
  return [
    '# Made by "grove-heater manifest nftables" from app_manifest.json: change that, and print this again.',
    `# The service loads it from ${rulesFile({ name })} at each start.`,
    `table ${table}`,
    `delete table ${table}`,
    `table ${table} {\n  chain output {\n${rules.map((rule) => `    ${rule}\n`).join("")}  }\n}\n`,
  ].join("\n");
}

/** The file that the unit loads, if it exists. */
export const rulesFile = ({ name }: Pick<Manifest, "name">): string => `/etc/${name}.nft`;
