/** Names and addresses of hosts. Guarantee: never throws. */

/** Whether an address reaches this machine alone. */
export const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);

/** Lower case, without port and brackets: `LocalHost:8883` and `[::1]:8883` are `localhost` and `::1`. */
export function bareHost(host: string): string {
  const [, bracketed, plain] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d{1,5})?$/.exec(host) ?? [];
  return (bracketed ?? plain ?? host).toLowerCase();
}
