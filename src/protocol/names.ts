/**
 * Folder protocol/: Azure's rules that apply to device and hub.
 *
 * Valid host names, device ids and registration ids of IoT Hub and DPS.
 */

/** A host name or an IPv4 address, with the port unless it is 8883. */
export const isHost = (text: string): boolean =>
  text.length <= 260 && /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d{1,5})?$/.test(text);

/** MQTT over TLS. */
export const mqttPort = 8883;

export function hostAndPort(text: string): { readonly host: string; readonly port: number } {
  const [, host = text, port] = /^(.*):(\d{1,5})$/.exec(text) ?? [];
  return { host, port: port === undefined ? mqttPort : Number(port) };
}

/**
 * At most 128 letters, digits and `- . % _ * ? ! ( ) , : = @ $ '`, case-sensitive ("Identity registry"; `+` and `#` are
 * MQTT wildcards).
 */
export const isDeviceId = (text: string): boolean => /^[A-Za-z0-9\-.%_*?!(),:=@$']{1,128}$/.test(text);

/** At most 128 letters, digits and `-._:`; the last one is a letter, a digit or `-`. */
export const isRegistrationId = (text: string): boolean => /^[A-Za-z0-9\-._:]{0,127}[A-Za-z0-9-]$/.test(text);
