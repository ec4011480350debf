/** Hosts as credentials and answers name them: a name or an IPv4 address, with its port unless that is 8883. */

export const isHost = (text: string): boolean =>
  text.length <= 260 && /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d{1,5})?$/.test(text);

/** MQTT over TLS. */
export const mqttPort = 8883;

export function hostAndPort(text: string): { readonly host: string; readonly port: number } {
  const [, host = text, port] = /^(.*):(\d{1,5})$/.exec(text) ?? [];
  return { host, port: port === undefined ? mqttPort : Number(port) };
}
