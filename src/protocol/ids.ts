/** Ids as IoT Hub and DPS take them, the same for a device, its credentials and a hub. */

/**
 * At most 128 letters, digits and `- . % _ * ? ! ( ) , : = @ $ '`; case counts ("Identity registry": `+` and `#` are not
 * supported, and in an MQTT topic they would mean something else).
 */
export const isDeviceId = (text: string): boolean => /^[A-Za-z0-9\-.%_*?!(),:=@$']{1,128}$/.test(text);

/** At most 128 letters, digits and `-._:`, the last one a letter or digit or `-`; sent as typed. */
export const isRegistrationId = (text: string): boolean => /^[A-Za-z0-9\-._:]{0,127}[A-Za-z0-9-]$/.test(text);
