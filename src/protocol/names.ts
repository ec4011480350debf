/**
 * Folder protocol/: what Azure fixes for device and hub alike.
 *
 * Names of hosts and ids of devices as IoT Hub and DPS take them, the same for a device, its credentials and a hub.
 */

/** A name or an IPv4 address, with its port unless that is 8883, as credentials and answers have it. */
export const isHost = (text: string): boolean =>
  text.length <= 260 && /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d{1,5})?$/.test(text);

/** MQTT over TLS. */
export const mqttPort = 8883;

export function hostAndPort(text: string): { readonly host: string; readonly port: number } {
  const [, host = text, port] = /^(.*):(\d{1,5})$/.exec(text) ?? [];
  return { host, port: port === undefined ? mqttPort : Number(port) };
}

/**
 * At most 128 letters, digits and `- . % _ * ? ! ( ) , : = @ $ '`; case counts ("Identity registry": `+` and `#` are not
 * supported, and in an MQTT topic they would mean something else).
 */
export const isDeviceId = (text: string): boolean => /^[A-Za-z0-9\-.%_*?!(),:=@$']{1,128}$/.test(text);

/** At most 128 letters, digits and `-._:`, the last one a letter or digit or `-`; sent as typed. */
export const isRegistrationId = (text: string): boolean => /^[A-Za-z0-9\-._:]{0,127}[A-Za-z0-9-]$/.test(text);
