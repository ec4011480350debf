/**
 * Checks the connection to Home Assistant for the doctor: whether mqtt.json is valid, and whether its broker
 * can be reached.
 *
 * Guarantee: opens one connection, sends nothing, and shows no password.
 */
import { connect } from "node:net";
import { CredentialError } from "../../azure/credentials/credentials.ts";
import type { Clock } from "../../base/clock.ts";
import { seconds } from "../../base/units.ts";
import type { BrokerAccess } from "../../home-assistant/home-assistant.ts";
import { cause, causeOf } from "../../home-assistant/link/cause.ts";
import { checkConnection } from "../../manifest/gate.ts";
import type { Manifest } from "../../manifest/manifest.ts";
import { type Finding, fail, ok, warn } from "../doctor/finding.ts";
import type { MqttSettings } from "./mqtt-file.ts";

const check = "home-assistant";
const reachLimit = seconds(3);

export interface BrokerExamination {
  /** @throws CredentialError (as a rejection) */
  readonly load: () => Promise<MqttSettings | undefined>;
  /** `undefined`: the manifest is invalid, which another finding reports. */
  readonly manifest: Pick<Manifest, "connections"> | undefined;
  /** @returns why the broker cannot be reached; `undefined`: it can */
  readonly reach: (access: BrokerAccess) => Promise<string | undefined>;
}

export async function examineBroker({ load, manifest, reach }: BrokerExamination): Promise<Finding> {
  let settings: MqttSettings | undefined;
  try {
    settings = await load();
  } catch (error) {
    if (error instanceof CredentialError) return fail(check, error.message, error.remedy);
    throw error;
  }
  if (settings === undefined) return ok(check, "none: there is no mqtt.json");
  const { access } = settings;
  const broker = describeBroker(access);
  if (manifest !== undefined && checkConnection(manifest, access.host) !== undefined) {
    const remedy = `Add "${access.host}" to "AllowedConnections" in the manifest; see: grove-heater manifest check.`;
    return fail(check, `Connections to ${access.host} are not allowed.`, remedy);
  }
  const problem = await reach(access);
  if (problem !== undefined)
    return warn(check, `${broker} cannot be reached`, `${problem} Heating continues without it.`);
  return ok(
    check,
    `${broker} can be reached${isOpenToListeners(access) ? "; its password is sent unencrypted" : ""}`,
  );
}

function describeBroker({ host, port, isTls, user }: BrokerAccess): string {
  const address = `${isTls ? "mqtts" : "mqtt"}://${host.includes(":") ? `[${host}]` : host}:${port}`;
  return `the broker ${address}${user === undefined ? "" : `, as ${user},`}`;
}

const isOpenToListeners = ({ isTls, password, host }: BrokerAccess): boolean =>
  !isTls && password !== undefined && host !== "localhost" && !host.startsWith("127.");

/** Tests whether the broker's port accepts connections. @returns why not; `undefined`: it does */
export function reachBroker(access: BrokerAccess, clock: Clock): Promise<string | undefined> {
  const { host, port } = access;
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const settle = (problem: string | undefined): void => {
      cancel();
      socket.destroy();
      resolve(problem);
    };
    const cancel = clock.setTimer(reachLimit, () => settle(cause("timeout", access).text));
    socket.once("connect", () => settle(undefined));
    socket.on("error", (error) => settle(causeOf(error, access).text));
  });
}
