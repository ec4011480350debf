/**
 * Credentials from the environment variables of Azure's device samples.
 *
 * Guarantee: variables with secrets are removed from `env` when this returns or throws: child processes and Node's
 * diagnostic reports copy the environment.
 */
import { parseConnectionString } from "./connection-string.ts";
import { CredentialError, type Credentials } from "./credentials.ts";
import { dpsWithKey } from "./parts.ts";
import { secretVariables } from "./secret.ts";

const names = {
  ...secretVariables,
  type: "IOTHUB_DEVICE_SECURITY_TYPE",
  idScope: "IOTHUB_DEVICE_DPS_ID_SCOPE",
  deviceId: "IOTHUB_DEVICE_DPS_DEVICE_ID",
  endpoint: "IOTHUB_DEVICE_DPS_ENDPOINT",
} as const;

/** @throws CredentialError for incomplete or invalid variables */
export function credentialsFromEnv(env: NodeJS.ProcessEnv): Credentials | undefined {
  const take = (name: string): string | undefined => {
    const value = env[name]?.trim();
    delete env[name];
    return value === "" ? undefined : value;
  };
  const connectionString = take(names.connectionString);
  const deviceKey = take(names.deviceKey);
  const type = env[names.type]?.trim();
  if (type === undefined || type === "") {
    if (connectionString === undefined && deviceKey === undefined) return undefined;
    throw malformed(`${names.type} is not set`, `Set it to "DPS" or "connectionString".`);
  }
  switch (type.toLowerCase()) {
    case "connectionstring": {
      if (connectionString === undefined) {
        throw malformed(`${names.connectionString} is not set`, "Set it to the device's connection string.");
      }
      const { target, key } = parseConnectionString(connectionString);
      if (key === undefined) {
        throw malformed(
          "a connection string with x509=true needs its certificate",
          "Use credentials.json, which can refer to the files of certificate and key.",
        );
      }
      return { target, proof: { kind: "key", key } };
    }
    case "dps":
      return dpsWithKey(
        {
          idScope: env[names.idScope]?.trim(),
          registrationId: env[names.deviceId]?.trim(),
          deviceKey,
          endpoint: env[names.endpoint]?.trim() || undefined,
        },
        {
          idScope: names.idScope,
          registrationId: names.deviceId,
          deviceKey: names.deviceKey,
          endpoint: names.endpoint,
        },
      );
    default:
      throw malformed(`${names.type} is neither "DPS" nor "connectionString"`, "Correct it, or unset it.");
  }
}

const malformed = (problem: string, remedy: string) =>
  new CredentialError("malformed", `Environment: ${problem}.`, remedy);
