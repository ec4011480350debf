/** Enrols devices with a key of their own, so that DPS assigns them to the hub, and the hub accepts them. */
import { isDeviceId, isRegistrationId } from "../protocol/names.ts";
import type { HubCore } from "./hub-core.ts";
import { sasAuthentication } from "./registry/record.ts";

export type EnrolmentParts = Pick<HubCore, "settings" | "devices" | "operations">;

/** @throws RangeError for an id that DPS does not accept */
export function checkRegistrationId(id: string): void {
  if (isRegistrationId(id) && isDeviceId(id)) return;
  throw new RangeError(
    "a registration id has 1 to 128 letters, digits and - . _ : and ends with a letter, a digit or -",
  );
}

/** Repeated, the key stays. @returns the key: secret. @throws RangeError for an id that DPS does not accept */
export async function enrolWithKey(
  { settings, devices, operations }: EnrolmentParts,
  id: string,
): Promise<string> {
  checkRegistrationId(id);
  const enrolled = settings.individual(id)?.authentication;
  // Settings restored after damage may lack the newest enrolment; the device's record has the same key.
  const known = [enrolled, devices.get(id)?.authentication];
  const authentication = known.find((each) => each?.type === "sas") ?? sasAuthentication();
  await settings.putIndividual({ registrationId: id, deviceId: id, enabled: true, authentication });
  await operations.ensureDevice(id, authentication);
  return authentication.primaryKey;
}

/** For a device that connects to the hub directly, without DPS. @param hubHost with its port unless that is 8883 */
export const deviceConnectionString = (hubHost: string, id: string, key: string): string =>
  `HostName=${hubHost};DeviceId=${id};SharedAccessKey=${key}`;
