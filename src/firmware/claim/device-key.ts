/**
 * Derives a device's own key from its group's key, and makes its credentials, on the machine where devices
 * are prepared. The group's key is never stored on a device.
 */
import { CredentialError } from "../../azure/credentials/credentials.ts";
import { dpsWithKey } from "../../azure/credentials/parts.ts";
import { deriveDeviceKey } from "../../protocol/device-key.ts";
import { exitCodes, StartupError } from "../process/exit-codes.ts";

export interface DeviceKeyCredentials {
  readonly idScope: string;
  readonly registrationId: string;
  readonly deviceKey: string;
  readonly endpoint: string | undefined;
}

const usage = (message: string, remedy: string) => new StartupError(exitCodes.usage, message, remedy);

/** @throws StartupError (usage); its message contains no key */
export function deviceKeyOf(groupKey: string, device: string): string {
  try {
    return deriveDeviceKey(groupKey, device);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const remedy =
      "Copy the enrollment group's primary key from DPS; --device is the device's registration id.";
    throw usage(`The key cannot be derived: ${error.message}.`, remedy);
  }
}

/** Text of the device's credentials.json. @throws StartupError (usage) */
export function deviceKeyFile(parts: DeviceKeyCredentials): string {
  const { idScope, registrationId, endpoint, deviceKey } = parts;
  try {
    const names = {
      idScope: "--id-scope",
      registrationId: "--device",
      endpoint: "--endpoint",
      deviceKey: "the key",
    };
    dpsWithKey(parts, names);
  } catch (error) {
    if (!(error instanceof CredentialError)) throw error;
    throw usage(error.message, error.remedy);
  }
  const content = { type: "dps-symmetric-key", idScope, registrationId, deviceKey, endpoint };
  return `${JSON.stringify(content, null, 2)}\n`;
}
